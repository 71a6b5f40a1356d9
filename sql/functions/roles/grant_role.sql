-- Make a role a 'worker', 'admin' or 'reader' role. Revoke all rights that it was granted before. p_as lists the
-- principals that the role may read as. With p_all, it may read as any principal.
create or replace function graphdb.grant_role(p_role text, p_kind text, p_as text[] default '{}', p_all boolean default false)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_tables constant text[] := '{processed_runs,run_attempts,documents,chunks,embedding_models,embeddings,backlog_status,schema_migrations,schema_functions}';
  -- Grant only the columns that reveal nothing about documents that the role may not read.
  v_run_columns constant text :=
    '(run_id, source, normalized_at, status, priority, chunk_started_at, chunk_completed_at, embed_started_at, embed_completed_at, '
    'embedding_model, claimed_by, claimed_at, claim_expires_at, claimed_from, claim_token, attempts, available_at, failed_phase, '
    'code_version, updated_at, input, chunking)';
  v_attempt_columns constant text := '(run_id, claim_token, phase, worker, started_at, ended_at, outcome)';
  v_name text;
  v_function regprocedure;
begin
  if p_kind is null or p_kind not in ('worker', 'admin', 'reader') then
    raise exception 'unknown kind of role %', graphdb._shown(p_kind)
      using errcode = 'TB001', hint = 'Pass ''worker'', ''admin'' or ''reader''.';
  end if;
  if p_role is null or not exists (select from pg_roles as o where o.rolname = p_role) then
    raise exception 'there is no role %', coalesce(quote_ident(left(p_role, 140)), 'null')
      using errcode = 'TB001', hint = format('Create it first: create role %I login.', coalesce(left(p_role, 140), 'name'));
  end if;
  foreach v_name in array coalesce(p_as, '{}') loop
    if v_name is null or v_name !~ '^(user|group):.' or octet_length(v_name) > 1024 then
      raise exception 'not a principal: %', graphdb._shown(v_name)
        using errcode = 'TB001', hint = 'Pass user:NAME or group:NAME with a name from the source.';
    end if;
  end loop;

  -- Revoke all rights that the role was granted before. The owner's rights are not grants, so they are kept.
  if not exists (select from pg_namespace as n where n.nspname = 'graphdb' and pg_get_userbyid(n.nspowner) = p_role) then
    execute format('revoke all on all tables in schema graphdb from %I', p_role);
    execute format('revoke all on all functions in schema graphdb from %I', p_role);
  end if;
  execute format('grant usage on schema graphdb to %I', p_role);
  foreach v_name in array v_tables loop
    execute format(
      'grant select %s on graphdb.%I to %I',
      case when p_kind <> 'reader' or p_all then '' when v_name = 'processed_runs' then v_run_columns when v_name = 'run_attempts' then v_attempt_columns end,
      v_name, p_role);
  end loop;
  for v_function in
    select p.oid::regprocedure from pg_proc as p
    where p.pronamespace = 'graphdb'::regnamespace
      and p.proname = any (graphdb._kind_functions(p_kind))
  loop
    execute format('grant execute on function %s to %I', v_function, p_role);
  end loop;

  delete from graphdb.role_principals as r where r.role = p_role;
  if p_as <> '{}' or p_all then
    insert into graphdb.role_principals (role, principals, reads_all) values (p_role, coalesce(p_as, '{}'), coalesce(p_all, false));
  end if;
end
$$;

comment on function graphdb.grant_role(text, text, text[], boolean) is
  'Grant a role the rights of a worker (claim, renew, complete, fail, release, store, register a model), an admin (also register, load, reset, delete and prune) or a reader (inspect and search). '
  'p_as lists the principals that the role may read as, such as group:hr. Without principals, the role sees only documents that everybody may read. '
  'With p_all, it may read as any principal. Other rights are revoked. TB001: no such role or kind, or not a principal.';
revoke all on function graphdb.grant_role(text, text, text[], boolean) from public;
