-- Return the statuses in the filter key "status".
create or replace function graphdb._filter_statuses(p_value jsonb)
returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_statuses text[] := graphdb._filter_texts('status', p_value);
  v_known constant text[] := '{normalized,chunking,chunked,embedding,embedded,failed,reset}';
  v_status text;
begin
  foreach v_status in array v_statuses loop
    if v_status <> all (v_known) then
      raise exception 'unknown status "%" in the filter', left(v_status, 140)
        using errcode = 'TB001', hint = 'Known statuses: ' || array_to_string(v_known, ', ') || '.';
    end if;
  end loop;
  return v_statuses;
end
$$;

comment on function graphdb._filter_statuses(jsonb) is
  'Return the statuses in the filter key "status". Reject an unknown status (TB001).';
revoke all on function graphdb._filter_statuses(jsonb) from public;
