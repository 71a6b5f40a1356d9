-- Return the time that a filter value denotes. A date denotes the start of the day in UTC or, if p_end is true, its end.
create or replace function graphdb._filter_time(p_key text, p_value jsonb, p_end boolean)
returns timestamptz
language plpgsql
stable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
declare
  v_text text := graphdb._filter_text(p_key, p_value);
  v_time timestamptz;
begin
  if v_text !~ '^[0-9]{4}(-[0-9]{2}){2}([T ][0-9]{2}(:[0-9]{2}){1,2}([.][0-9]+)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$' then
    raise exception 'filter key "%" accepts a date or a time, not "%"', p_key, left(v_text, 140)
      using errcode = 'TB001', hint = 'Write 2026-01-31 or 2026-01-31T12:00:00Z.';
  end if;
  begin
    v_time := v_text::timestamptz;
  exception when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
    raise exception 'filter key "%" contains a time that does not exist: "%"', p_key, v_text
      using errcode = 'TB001', hint = 'Write 2026-01-31 or 2026-01-31T12:00:00Z.';
  end;
  if p_end and length(v_text) = 10 then
    v_time := v_time + interval '1 day' - interval '1 microsecond';
  end if;
  return v_time;
end
$$;

comment on function graphdb._filter_time(text, jsonb, boolean) is
  'Return the time that a filter value denotes. A date denotes the start of the day in UTC or, if p_end is true, its end. Reject other values (TB001).';
revoke all on function graphdb._filter_time(text, jsonb, boolean) from public;
