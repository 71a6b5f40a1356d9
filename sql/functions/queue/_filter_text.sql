-- The text under a filter key. No name that it could select is longer than 1,024 bytes.
create or replace function graphdb._filter_text(p_key text, p_value jsonb)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_value) <> 'string' or p_value #>> '{}' = '' then
    raise exception 'filter key "%" takes a text that is not empty, not %', p_key, graphdb._shown(p_value::text)
      using errcode = 'TB001', hint = format('For example {"%s": "…"}; leave the key out to select by other keys only.', p_key);
  end if;
  return graphdb._check_name(format('a value of filter key "%s"', p_key), p_value #>> '{}', 1024);
end
$$;

comment on function graphdb._filter_text(text, jsonb) is 'The text under a filter key; anything else is refused (TB001).';
revoke all on function graphdb._filter_text(text, jsonb) from public;
