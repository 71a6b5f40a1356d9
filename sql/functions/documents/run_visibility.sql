-- Count the documents of a run that searches return to at least one caller, and how many of them have readers. Documents
-- that the caller may neither read nor process are not counted.
create or replace function graphdb.run_visibility(p_run_id text)
returns table (searched bigint, restricted bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select count(*), count(*) filter (where d.readers is not null)
  from graphdb.documents as d
  where d.run_id = p_run_id and d.is_searched
    and (graphdb.may_read(d.readers, (select graphdb.principals())) or (select graphdb._processes_runs()))
$$;

comment on function graphdb.run_visibility(text) is
  'Count the documents of a run that searches return to at least one caller, and how many of them have readers. '
  'Documents that the caller may neither read nor process are not counted.';
revoke all on function graphdb.run_visibility(text) from public;
