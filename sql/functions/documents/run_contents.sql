-- Return the size, chunks, tokens and losses of each document in a run, ordered by doc_id: at most p_limit documents after
-- p_after. Documents that the caller may not read are omitted.
create or replace function graphdb.run_contents(p_run_id text, p_after text default '', p_limit integer default 100, p_as text[] default null)
returns table (
  doc_id text, title text, path text, is_searched boolean, bytes integer, chunks bigint, tokens bigint, losses jsonb)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select d.doc_id, d.title, d.path,
         exists (select from graphdb.documents as s where s.run_id = d.run_id and s.doc_id = d.doc_id and s.is_searched),
         octet_length(d.body), c.chunks, c.tokens, coalesce(d.meta -> 'losses', '{}')
  from graphdb.documents as d
  cross join lateral (
    select count(*) as chunks, coalesce(sum(k.token_count), 0)::bigint as tokens
    from graphdb.chunks as k
    where k.run_id = d.run_id and k.doc_id = d.doc_id and k.revision = d.revision
  ) as c
  where d.run_id = p_run_id and d.is_current and d.doc_id > p_after
    and graphdb.may_read(d.readers, (select graphdb.principals(p_as)))
  order by d.doc_id
  limit graphdb._check_limit(p_limit)
$$;

comment on function graphdb.run_contents(text, text, integer, text[]) is
  'Return the size, chunks, tokens and losses of each document in a run, ordered by doc_id: at most p_limit documents after p_after. '
  'Repeat the call with p_after = the last doc_id until it returns no row. Documents that the caller may not read are omitted. '
  'p_as is passed to graphdb.principals. TB001: bad limit.';
revoke all on function graphdb.run_contents(text, text, integer, text[]) from public;
