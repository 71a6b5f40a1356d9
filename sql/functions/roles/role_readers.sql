-- Return the roles that have rights on the schema, with the principals that they may read as, and whether they may read
-- as any principal.
create or replace function graphdb.role_readers()
returns table (role text, principals text[], reads_all boolean)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select r.role, r.principals, r.reads_all
  from graphdb.role_principals as r
  where exists (select from pg_roles as o where o.rolname = r.role)
  order by r.role
$$;

comment on function graphdb.role_readers() is
  'Return the roles that have rights on the schema, with the principals that they may read as, and whether they may read as any principal.';
revoke all on function graphdb.role_readers() from public;
