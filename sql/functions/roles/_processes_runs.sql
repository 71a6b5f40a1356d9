-- Return whether the caller may read every document regardless of its readers, because it processes runs or may read as
-- any principal.
create or replace function graphdb._processes_runs()
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select graphdb.reads_all()
    or has_function_privilege(graphdb._caller()::name, 'graphdb.run_documents(text,text,integer,bigint,text)', 'execute')
$$;

comment on function graphdb._processes_runs() is
  'Return whether the caller may read every document regardless of its readers, because it processes runs or may read as any principal.';
revoke all on function graphdb._processes_runs() from public;
