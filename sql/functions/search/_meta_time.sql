-- Return the time in a string of documents.meta. The time zone is UTC if the string contains none. Null if it is not a time.
create or replace function graphdb._meta_time(p_text text)
returns timestamptz
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set timezone = 'UTC'
as $$
begin
  if p_text ~ '^[0-9]{4}(-[0-9]{2}){2}([T ][0-9]{2}(:[0-9]{2}){1,2}([.][0-9]+)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?)?$' then
    return p_text::timestamptz;
  end if;
  return null;
exception when datetime_field_overflow or invalid_datetime_format or invalid_time_zone_displacement_value then
  return null;
end
$$;

comment on function graphdb._meta_time(text) is
  'Return the time in a string of documents.meta. The time zone is UTC if the string contains none. Null if it is not a time.';
revoke all on function graphdb._meta_time(text) from public;
