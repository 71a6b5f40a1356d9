-- Return the Boolean value in a filter key.
create or replace function graphdb._filter_flag(p_key text, p_value jsonb)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_value) <> 'boolean' then
    raise exception 'filter key "%" accepts true or false, not %', p_key, graphdb._shown(p_value::text)
      using errcode = 'TB001', hint = format('For example {"%s": true}.', p_key);
  end if;
  return p_value::boolean;
end
$$;

comment on function graphdb._filter_flag(text, jsonb) is
  'Return the Boolean value in a filter key. Reject other values (TB001).';
revoke all on function graphdb._filter_flag(text, jsonb) from public;
