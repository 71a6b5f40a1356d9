-- Return the SQL condition for one key of documents.meta, with " and " before it. A key with dots is a path into
-- objects. The value is a string, a number or a boolean that the key must equal or contain in a list, a list of such
-- alternatives, or {"from": …, "to": …} for a range of dates. One end of the range may be missing.
create or replace function graphdb._meta_condition(p_key text, p_value jsonb)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_path constant text[] := string_to_array(p_key, '.');
  v_date constant text := format('graphdb._meta_time(d.meta #>> %L::text[])', v_path);
begin
  if jsonb_typeof(p_value) = 'object' then
    if p_value = '{}' or p_value - 'from' - 'to' <> '{}' then
      raise exception 'filter key "%" accepts {"from": date, "to": date}, not %', p_key, p_value
        using errcode = 'TB001', hint = 'For example {"from": "2026-01-01"}.';
    end if;
    return case when p_value ? 'from' then format(' and %s >= %L::timestamptz', v_date, graphdb._filter_time(p_key, p_value -> 'from', false)) else '' end
        || case when p_value ? 'to' then format(' and %s <= %L::timestamptz', v_date, graphdb._filter_time(p_key, p_value -> 'to', true)) else '' end;
  end if;
  if jsonb_typeof(p_value) = 'null' or p_value = '[]'
    or jsonb_path_exists(p_value, 'strict $[*] ? (@.type() == "object" || @.type() == "array" || @.type() == "null")', '{}', true)
      and jsonb_typeof(p_value) = 'array' then
    raise exception 'filter key "%" accepts a value, a list of values or a range of dates, not %', p_key, p_value
      using errcode = 'TB001', hint = 'For example {"meta": {"status": ["draft", "approved"]}}.';
  end if;
  -- Use the containment operator, because the index on meta supports it.
  -- A number or a boolean may be stored as JSON or as text.
  return format(' and d.meta @> any (%L::jsonb[])', array(
    select c.pattern
    from jsonb_array_elements(case jsonb_typeof(p_value) when 'array' then p_value else jsonb_build_array(p_value) end) as v (value)
    cross join lateral (
      select v.value as form
      union
      select to_jsonb(v.value #>> '{}')
      union
      select (v.value #>> '{}')::jsonb where v.value #>> '{}' ~ '^(true|false|-?(0|[1-9][0-9]{0,17})([.][0-9]{1,17})?)$') as f
    cross join lateral (values (f.form), (jsonb_build_array(f.form))) as l (leaf)
    cross join lateral (
      select ((
        select string_agg('{' || to_jsonb(k.key)::text || ': ', '' order by k.place) from unnest(v_path) with ordinality as k (key, place))
        || l.leaf::text || repeat('}', cardinality(v_path)))::jsonb as pattern) as c));
end
$$;

comment on function graphdb._meta_condition(text, jsonb) is
  'Return the SQL condition for one key of documents.meta: a value, a list of alternatives, or a range of dates. TB001: any other value.';
revoke all on function graphdb._meta_condition(text, jsonb) from public;
