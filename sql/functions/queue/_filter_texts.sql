-- Return the strings in a filter key that accepts one string or a list.
create or replace function graphdb._filter_texts(p_key text, p_value jsonb)
returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_value) = 'string' then
    return array[graphdb._filter_text(p_key, p_value)];
  end if;
  if jsonb_typeof(p_value) <> 'array' then
    raise exception 'filter key "%" accepts a string or a list of strings, not %', p_key, graphdb._shown(p_value::text)
      using errcode = 'TB001', hint = format('For example {"%s": ["…", "…"]}.', p_key);
  end if;
  return array(select graphdb._filter_text(p_key, e.value) from jsonb_array_elements(p_value) as e);
end
$$;

comment on function graphdb._filter_texts(text, jsonb) is
  'Return the strings in a filter key that accepts one string or a list. Reject other values (TB001).';
revoke all on function graphdb._filter_texts(text, jsonb) from public;
