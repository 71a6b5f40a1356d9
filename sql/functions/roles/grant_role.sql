-- Grant a role the rights of one kind: 'worker', 'admin' or 'reader'. Revoke all rights that it was granted before.
create or replace function graphdb.grant_role(p_role text, p_kind text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_tables constant text[] := '{processed_runs,run_attempts,documents,chunks,embedding_models,embeddings,backlog_status,schema_migrations,schema_functions}';
  v_name text;
  v_function regprocedure;
begin
  if p_kind is null or p_kind not in ('worker', 'admin', 'reader') then
    raise exception 'unknown kind of role %', graphdb._shown(p_kind)
      using errcode = 'TB001', hint = 'Pass ''worker'', ''admin'' or ''reader''.';
  end if;
  if p_role is null or not exists (select from pg_roles as o where o.rolname = p_role) then
    raise exception 'no role %', coalesce(quote_ident(left(p_role, 140)), 'null')
      using errcode = 'TB001', hint = format('Create it first: create role %I login.', coalesce(left(p_role, 140), 'name'));
  end if;

  -- Revoke the rights of another kind that the role was granted before. The owner's rights are not grants, so they stay.
  if not exists (select from pg_namespace as n where n.nspname = 'graphdb' and pg_get_userbyid(n.nspowner) = p_role) then
    execute format('revoke all on all tables in schema graphdb from %I', p_role);
    execute format('revoke all on all functions in schema graphdb from %I', p_role);
  end if;
  execute format('grant usage on schema graphdb to %I', p_role);
  foreach v_name in array v_tables loop
    execute format('grant select on graphdb.%I to %I', v_name, p_role);
  end loop;
  for v_function in
    select p.oid::regprocedure from pg_proc as p
    where p.pronamespace = 'graphdb'::regnamespace
      and p.proname = any (graphdb._kind_functions(p_kind))
  loop
    execute format('grant execute on function %s to %I', v_function, p_role);
  end loop;
end
$$;

comment on function graphdb.grant_role(text, text) is
  'Grant a role the rights of a worker (claim, renew, complete, fail, release, store, register a model), an admin (also register, load, reset, delete and prune) or a reader (look and search). '
  'Other rights are revoked. TB001: no such role or kind.';
revoke all on function graphdb.grant_role(text, text) from public;
