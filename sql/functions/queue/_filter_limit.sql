-- Return the number in the filter key "limit", or null.
create or replace function graphdb._filter_limit(p_filter jsonb)
returns integer
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit jsonb := p_filter -> 'limit';
begin
  if v_limit is null then
    return null;
  end if;
  if jsonb_typeof(v_limit) <> 'number' or v_limit::text !~ '^[1-9][0-9]{0,8}$' then
    raise exception 'filter key "limit" accepts a whole number above 0, not %', graphdb._shown(v_limit::text)
      using errcode = 'TB001', hint = 'For example {"limit": 20}.';
  end if;
  return v_limit::integer;
end
$$;

comment on function graphdb._filter_limit(jsonb) is
  'Return the number in the filter key "limit", or null. Reject other values (TB001).';
revoke all on function graphdb._filter_limit(jsonb) from public;
