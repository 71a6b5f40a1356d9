-- Count the documents and chunks of each run that the caller may not read, or that p_as may not read. Returns no row for a
-- run that can be read completely. Workers, admins and roles that may read as any principal process whole runs, so without
-- p_as, nothing is hidden from them.
create or replace function graphdb._hidden_documents(p_as text[] default null)
returns table (run_id text, documents bigint, chunks bigint)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select d.run_id, count(*), sum((
    select count(*) from graphdb.chunks as c where c.run_id = d.run_id and c.doc_id = d.doc_id and c.revision = d.revision))::bigint
  from graphdb.documents as d
  where d.is_current and d.readers is not null and (p_as is not null or not (select graphdb._processes_runs()))
    and not graphdb.may_read(d.readers, (select graphdb.principals(p_as)))
  group by d.run_id
$$;

comment on function graphdb._hidden_documents(text[]) is
  'Count the documents and chunks of each run that the caller may not read. '
  'Returns no row for a run that the caller may read completely, or for a caller who may process runs.';
revoke all on function graphdb._hidden_documents(text[]) from public;
