-- Convert a run filter to a condition on graphdb.processed_runs as r, with all values quoted. Only this function parses
-- run filters. It rejects unknown keys, so that a misspelled filter never selects too many runs.
create or replace function graphdb._filter_condition(p_filter jsonb)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
-- The condition contains times as text. This setting ensures that they are parsed correctly.
set datestyle = 'ISO'
as $$
declare
  v_condition text := 'true';
  v_key text;
  v_value jsonb;
begin
  if p_filter is null then
    return v_condition;
  end if;
  if jsonb_typeof(p_filter) <> 'object' then
    raise exception 'a filter must be an object, not %', jsonb_typeof(p_filter)
      using errcode = 'TB001', hint = 'For example {"source": "dita", "status": "failed"}.';
  end if;

  for v_key, v_value in select e.key, e.value from jsonb_each(p_filter) as e order by e.key loop
    v_condition := v_condition || case v_key
      when 'run_ids' then
        format(' and r.run_id = any (%L::text[])', graphdb._filter_texts(v_key, v_value))
      when 'run_id_glob' then
        format(' and r.run_id like %L escape ''!''', graphdb._glob_to_like(graphdb._filter_text(v_key, v_value)))
      when 'source' then
        format(' and r.source = any (%L::text[])', graphdb._filter_texts(v_key, v_value))
      when 'status' then
        format(' and r.status = any (%L::text[])', graphdb._filter_statuses(v_value))
      when 'normalized_from' then
        format(' and r.normalized_at >= %L::timestamptz', graphdb._filter_time(v_key, v_value, false))
      when 'normalized_to' then
        format(' and r.normalized_at <= %L::timestamptz', graphdb._filter_time(v_key, v_value, true))
      when 'embedding_model' then
        format(' and r.embedding_model = any (%L::text[])', graphdb._filter_texts(v_key, v_value))
      when 'paused' then
        case when graphdb._filter_flag(v_key, v_value) then ' and r.paused_at is not null' else ' and r.paused_at is null' end
      when 'limit' then ''
    end;
    if v_condition is null then
      raise exception 'unknown filter key "%"', left(v_key, 140)
        using errcode = 'TB001',
              hint = 'Known keys: run_ids, run_id_glob, source, status, normalized_from, normalized_to, embedding_model, paused, limit.';
    end if;
  end loop;
  return v_condition;
end
$$;

comment on function graphdb._filter_condition(jsonb) is
  'Convert a run filter to a SQL condition on processed_runs as r. Reject unknown keys, wrong types and invalid values (TB001).';
revoke all on function graphdb._filter_condition(jsonb) from public;
