-- Return the schema of pgvector.
create or replace function graphdb._vector_schema()
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select quote_ident(n.nspname)
  from pg_extension as e
  join pg_namespace as n on n.oid = e.extnamespace
  where e.extname = 'vector'
$$;

comment on function graphdb._vector_schema() is
  'Return the quoted schema of pgvector.';
revoke all on function graphdb._vector_schema() from public;
