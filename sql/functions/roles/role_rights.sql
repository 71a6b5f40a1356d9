-- Return the roles with rights on the schema. The functions that a role may call determine its kind: reader, worker or
-- admin. Also return the functions of this kind that the role may not call, for example because an upgrade added them.
-- grant_role grants them.
create or replace function graphdb.role_rights()
returns table (role text, kind text, lacks text[])
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with granted as (
    select o.oid, o.rolname::text as role
    from pg_namespace as n
    cross join aclexplode(n.nspacl) as a
    join pg_roles as o on o.oid = a.grantee
    where n.nspname = 'graphdb' and a.grantee <> n.nspowner and a.privilege_type = 'USAGE'
  ), functions as (
    select p.proname::text as name, p.oid from pg_proc as p where p.pronamespace = 'graphdb'::regnamespace
  ), kinds as (
    select g.oid, g.role,
           case
             when has_function_privilege(g.oid, 'graphdb.reset_runs(jsonb,text,boolean,boolean,integer,boolean,text)', 'execute') then 'admin'
             when has_function_privilege(g.oid, 'graphdb.claim_run(text,text,interval)', 'execute') then 'worker'
             else 'reader'
           end as kind
    from granted as g
  )
  select k.role, k.kind,
         array(
           select f.name from functions as f
           where f.name = any (graphdb._kind_functions(k.kind)) and not has_function_privilege(k.oid, f.oid, 'execute')
           order by f.name)
  from kinds as k
  order by k.role
$$;

comment on function graphdb.role_rights() is
  'Return each role with rights on the schema, its kind (reader, worker or admin), and the functions for that kind that the role may not call, for example because an upgrade added those functions. '
  'grant_role grants them.';
revoke all on function graphdb.role_rights() from public;
