-- Describe the runs that wait for a phase: their number, the earliest and latest normalized_at, and the next ten run ids in
-- claim order. Due runs come first. If the filter has a limit, only that many runs are counted and returned, at most 1000.
-- The number includes runs in back-off, which deferred counts separately, but no runs under a live claim.
create or replace function graphdb.backlog(p_phase text default 'chunk', p_filter jsonb default null)
returns table (
  total bigint, deferred bigint, first_normalized_at timestamptz, last_normalized_at timestamptz, sample_run_ids text[])
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform graphdb._check_phase(p_phase);
  return query execute
    'with waiting as (
       select r.run_id, r.priority, r.normalized_at, coalesce(r.available_at > $2, false) as is_deferred
       from graphdb.processed_runs as r
       where (' || graphdb._waiting_condition(p_phase) || ') and ' || graphdb._filter_condition(p_filter) || '
       order by is_deferred, r.priority desc, r.normalized_at, r.run_id
       limit $1
     )
     select count(*), count(*) filter (where w.is_deferred), min(w.normalized_at), max(w.normalized_at),
            coalesce((select array_agg(f.run_id order by f.is_deferred, f.priority desc, f.normalized_at, f.run_id)
                      from (select * from waiting
                            order by is_deferred, priority desc, normalized_at, run_id
                            limit least(coalesce($1, 10), 1000)) as f), ''{}'')
     from waiting as w'
    using graphdb._filter_limit(p_filter), graphdb.clock();
end
$$;

comment on function graphdb.backlog(text, jsonb) is
  'Describe the runs that wait for a phase: their number, the number in back-off (deferred), the earliest and latest normalized_at, and the next ten run ids in claim order. '
  'Runs in back-off come last. If the filter has a limit, up to that many run ids are returned (at most 1000). TB001: bad phase or filter.';
revoke all on function graphdb.backlog(text, jsonb) from public;
