-- Return the content that was lost when a run was normalized, by name, with its frequency and the number of documents.
-- The most frequent loss comes first. Documents that the caller may not read are omitted.
create or replace function graphdb.run_losses(p_run_id text, p_as text[] default null)
returns table (loss text, documents bigint, occurrences bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select l.key, count(*), coalesce(sum((l.value #>> '{}')::numeric), 0)::bigint
  from graphdb.documents as d
  cross join jsonb_each(case jsonb_typeof(d.meta -> 'losses') when 'object' then d.meta -> 'losses' else '{}' end) as l (key, value)
  where d.run_id = p_run_id and d.is_current and jsonb_typeof(l.value) = 'number'
    and graphdb.may_read(d.readers, (select graphdb.principals(p_as)))
  group by l.key
  order by 3 desc, l.key
$$;

comment on function graphdb.run_losses(text, text[]) is
  'Return the content that was lost when a run was normalized, by name, with its frequency and the number of documents. '
  'The most frequent loss comes first. Documents that the caller may not read are omitted. p_as is passed to graphdb.principals.';
revoke all on function graphdb.run_losses(text, text[]) from public;
