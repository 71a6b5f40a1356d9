-- The one reading of a search filter: a condition on graphdb.documents as d, every value quoted.
create or replace function graphdb._search_condition(p_filter jsonb)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_of_document text := 'true';
  v_of_run text;
  v_key text;
  v_value jsonb;
begin
  if p_filter is null then
    return v_of_document;
  end if;
  if jsonb_typeof(p_filter) <> 'object' then
    raise exception 'a filter is an object, not %', jsonb_typeof(p_filter)
      using errcode = 'TB001', hint = 'For example {"source": "dita", "label": "audience:administrator"}.';
  end if;

  for v_key, v_value in select e.key, e.value from jsonb_each(p_filter) as e order by e.key loop
    case v_key
      when 'label' then
        v_of_document := v_of_document || format(' and d.labels && %L::text[]', graphdb._filter_texts(v_key, v_value));
      when 'run_ids' then
        v_of_document := v_of_document || format(' and d.run_id = any (%L::text[])', graphdb._filter_texts(v_key, v_value));
      when 'run_id_glob' then
        v_of_document := v_of_document
          || format(' and d.run_id like %L escape ''!''', graphdb._glob_to_like(graphdb._filter_text(v_key, v_value)));
      when 'source' then
        v_of_run := format('r.source = any (%L::text[])', graphdb._filter_texts(v_key, v_value));
      else
        raise exception 'unknown filter key "%"', v_key
          using errcode = 'TB001', hint = 'Known keys: source, label, run_ids, run_id_glob.';
    end case;
  end loop;
  return v_of_document
    || coalesce(' and exists (select from graphdb.processed_runs as r where r.run_id = d.run_id and ' || v_of_run || ')', '');
end
$$;

comment on function graphdb._search_condition(jsonb) is
  'The one reading of a search filter: a SQL condition on documents as d. Unknown keys, wrong types and bad values are refused (TB001).';
revoke all on function graphdb._search_condition(jsonb) from public;
