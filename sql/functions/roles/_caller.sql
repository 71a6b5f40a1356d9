-- The role that calls a function which runs with its owner's rights: the one it took by set role, else the session's user.
create or replace function graphdb._caller()
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(nullif(current_setting('role'), 'none'), session_user)
$$;

comment on function graphdb._caller() is 'The role that calls a function which runs with its owner''s rights.';
revoke all on function graphdb._caller() from public;
