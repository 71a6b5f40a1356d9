-- Return the limit. Reject null and values below 1.
create or replace function graphdb._check_limit(p_limit integer)
returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_limit is null or p_limit < 1 then
    raise exception 'a limit of % is out of range', coalesce(p_limit::text, 'null')
      using errcode = 'TB001', hint = 'Pass a number of at least 1, or omit the argument to use the default.';
  end if;
  return p_limit;
end
$$;

comment on function graphdb._check_limit(integer) is
  'Return the limit. Reject null and values below 1 (TB001).';
revoke all on function graphdb._check_limit(integer) from public;
