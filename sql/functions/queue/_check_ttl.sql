-- Return the length of the lease. Reject a length below one second or above 7 days.
create or replace function graphdb._check_ttl(p_ttl interval)
returns interval
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_ttl is null or p_ttl < interval '1 second' or p_ttl > interval '7 days' then
    raise exception 'a lease of % is out of range', coalesce(p_ttl::text, 'null')
      using errcode = 'TB001', hint = 'Pass an interval from 1 second to 7 days, for example interval ''45 minutes''.';
  end if;
  return p_ttl;
end
$$;

comment on function graphdb._check_ttl(interval) is
  'Return the length of the lease. Reject a length below one second or above 7 days (TB001).';
revoke all on function graphdb._check_ttl(interval) from public;
