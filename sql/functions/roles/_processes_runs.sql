-- Whether the caller may read every document, whoever its readers are: to process runs, or because it may read as anybody.
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
  'Whether the caller may read every document, whoever its readers are: to process runs, or because it may read as anybody.';
revoke all on function graphdb._processes_runs() from public;
