-- Return the role that called a security definer function: the role of "set role" or, without it, the session user.
create or replace function graphdb._caller()
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(nullif(current_setting('role'), 'none'), session_user)
$$;

comment on function graphdb._caller() is
  'Return the role that called a security definer function.';
revoke all on function graphdb._caller() from public;
