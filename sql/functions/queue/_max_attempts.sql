-- Return how many failures and expired leases a run may have in one phase. This is the setting graphdb.max_attempts of the
-- session, role or database, and 5 by default.
create or replace function graphdb._max_attempts()
returns integer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_setting text := coalesce(nullif(current_setting('graphdb.max_attempts', true), ''), '5');
begin
  if v_setting !~ '^[1-9][0-9]{0,3}$' then
    raise exception 'graphdb.max_attempts is "%", not a number from 1 to 9999', v_setting
      using errcode = 'TB001', hint = 'For example: alter database … set graphdb.max_attempts = 5';
  end if;
  return v_setting::integer;
end
$$;

comment on function graphdb._max_attempts() is
  'Return how many failures and expired leases a run may have in one phase. This is the setting graphdb.max_attempts of the session, role or database, and 5 by default.';
revoke all on function graphdb._max_attempts() from public;
