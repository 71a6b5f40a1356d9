-- Return the pause before the next attempt: none, 10 s, 20 s, 40 s … up to 15 minutes.
create or replace function graphdb._backoff(p_failures integer)
returns interval
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_failures > 0 then least(interval '10 seconds' * (2 ^ least(p_failures - 1, 10)), interval '15 minutes')
  end
$$;

comment on function graphdb._backoff(integer) is
  'Return the pause before the next attempt after p_failures failures: null (none), 10 s, 20 s, 40 s … up to 15 minutes.';
revoke all on function graphdb._backoff(integer) from public;
