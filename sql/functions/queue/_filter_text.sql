-- Return the string in a filter key. All names in the database have at most 1,024 bytes.
create or replace function graphdb._filter_text(p_key text, p_value jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_value) <> 'string' or p_value #>> '{}' = '' then
    raise exception 'filter key "%" accepts a string that is not empty, not %', p_key, graphdb._shown(p_value::text)
      using errcode = 'TB001', hint = format('For example {"%s": "…"}; omit the key to select only by other keys.', p_key);
  end if;
  return graphdb._check_name(format('a value of filter key "%s"', p_key), p_value #>> '{}', 1024);
end
$$;

comment on function graphdb._filter_text(text, jsonb) is
  'Return the string in a filter key. Reject other values (TB001).';
revoke all on function graphdb._filter_text(text, jsonb) from public;
