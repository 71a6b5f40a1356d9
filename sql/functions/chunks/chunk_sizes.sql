-- Return the number of a run's chunks in each size range of p_step tokens, smallest range first.
-- Documents that the caller may not read are omitted.
create or replace function graphdb.chunk_sizes(p_run_id text, p_step integer default 32, p_as text[] default null)
returns table (from_tokens integer, chunks bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select k.token_count / s.step * s.step, count(*)
  from graphdb.documents as d
  join graphdb.chunks as k on k.run_id = d.run_id and k.doc_id = d.doc_id and k.revision = d.revision
  cross join (select graphdb._check_limit(p_step) as step) as s
  where d.run_id = p_run_id and d.is_current and graphdb.may_read(d.readers, (select graphdb.principals(p_as)))
  group by 1
  order by 1
$$;

comment on function graphdb.chunk_sizes(text, integer, text[]) is
  'Return the number of chunks of a run in each size range of p_step tokens, smallest range first. '
  'Documents that the caller may not read are omitted. p_as is passed to graphdb.principals. TB001: p_step is less than 1.';
revoke all on function graphdb.chunk_sizes(text, integer, text[]) from public;
