-- Lock the first due runs of a queue, passing over what others hold: highest priority, then normalized_at, then run_id.
create or replace function graphdb._lock_due_runs(p_phase text, p_max_runs integer, p_filter jsonb)
returns setof text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_filter is null or p_filter = '{}' then
    if p_phase = 'chunk' then
      return query
        select r.run_id from graphdb.processed_runs as r
        where r.status in ('normalized', 'reset') and r.available_at is null
        order by r.priority desc, r.normalized_at, r.run_id
        limit p_max_runs
        for no key update skip locked;
    else
      return query
        select r.run_id from graphdb.processed_runs as r
        where (r.status = 'chunked' or r.status = 'reset' and r.total_chunks is not null) and r.available_at is null
        order by r.priority desc, r.normalized_at, r.run_id
        limit p_max_runs
        for no key update skip locked;
    end if;
  else
    return query execute
      'select r.run_id from graphdb.processed_runs as r'
      ' where ' || graphdb._queue_condition(p_phase) || ' and ' || graphdb._filter_condition(p_filter) ||
      ' order by r.priority desc, r.normalized_at, r.run_id limit $1 for no key update skip locked'
      using least(p_max_runs, graphdb._filter_limit(p_filter));
  end if;
end
$$;

comment on function graphdb._lock_due_runs(text, integer, jsonb) is
  'Lock the first due runs of a queue in the order of the claim, passing over what others hold.';
revoke all on function graphdb._lock_due_runs(text, integer, jsonb) from public;
