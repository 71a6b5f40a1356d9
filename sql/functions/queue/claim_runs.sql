-- Lease up to p_max_runs of the due runs that p_filter selects to one worker, oldest first. Returns no row if no run is
-- due. Each row contains the claim_token that all later calls for the run need.
create or replace function graphdb.claim_runs(
  p_phase text,
  p_worker text,
  p_ttl interval default '45 minutes',
  p_max_runs integer default 1,
  p_filter jsonb default null)
returns setof graphdb.processed_runs
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_now constant timestamptz := graphdb.clock();
  v_phase constant text := graphdb._check_phase(p_phase);
  v_worker constant text := graphdb._check_worker(p_worker);
  v_expires_at constant timestamptz := v_now + graphdb._check_ttl(p_ttl);
  -- Null if the session did not set the identity of its process, for example in psql.
  v_process constant text := nullif(left(current_setting('graphdb.worker_process', true), 64), '');
  v_status constant text := case v_phase when 'chunk' then 'chunking' else 'embedding' end;
begin
  if p_max_runs is null or p_max_runs not between 1 and 10000 then
    raise exception 'cannot claim % runs', coalesce(p_max_runs::text, 'null')
      using errcode = 'TB001', hint = 'Pass a number from 1 to 10000.';
  end if;

  perform graphdb._wake_runs(v_now);

  if p_filter is null then
    -- This is the statement below without a filter. It is planned only once in a session, because planning takes as long as
    -- ten claims.
    return query
    with chunk_queue as materialized (
      select r.run_id from graphdb.processed_runs as r
      where v_phase = 'chunk' and r.status in ('normalized', 'reset') and r.available_at is null and r.paused_at is null
      order by r.priority desc, r.normalized_at, r.run_id
      limit p_max_runs
      for no key update skip locked
    ), embed_queue as materialized (
      select r.run_id from graphdb.processed_runs as r
      where v_phase = 'embed' and (r.status = 'chunked' or r.status = 'reset' and r.total_chunks is not null)
        and r.available_at is null and r.paused_at is null
      order by r.priority desc, r.normalized_at, r.run_id
      limit p_max_runs
      for no key update skip locked
    ), claimed as (
      update graphdb.processed_runs as r
      set claimed_from = r.status, status = v_status,
          chunk_started_at = case v_phase when 'chunk' then v_now else r.chunk_started_at end,
          embed_started_at = case v_phase when 'embed' then v_now end,
          wants_vectors = r.wants_vectors or v_phase = 'embed',
          claimed_by = v_worker, claimed_at = v_now, claim_expires_at = v_expires_at, claim_process = v_process,
          claim_token = graphdb._next_token(r.claim_token), updated_at = v_now
      where r.run_id = any (array(select c.run_id from chunk_queue as c union all select e.run_id from embed_queue as e))
      returning r.*
    )
    select c.* from claimed as c order by c.priority desc, c.normalized_at, c.run_id;
    return;
  end if;

  return query execute
    'with due as materialized (
       select r.run_id from graphdb.processed_runs as r
       where ' || graphdb._queue_condition(v_phase) || ' and ' || graphdb._filter_condition(p_filter) || '
       order by r.priority desc, r.normalized_at, r.run_id
       limit $1
       for no key update skip locked
     ), claimed as (
       update graphdb.processed_runs as r
       set claimed_from = r.status, status = $2,
           chunk_started_at = case $2 when ''chunking'' then $3 else r.chunk_started_at end,
           embed_started_at = case $2 when ''embedding'' then $3 end,
           wants_vectors = r.wants_vectors or $2 = ''embedding'',
           claimed_by = $4, claimed_at = $3, claim_expires_at = $5, claim_process = $6,
           claim_token = graphdb._next_token(r.claim_token), updated_at = $3
       where r.run_id = any (array(select due.run_id from due))
       returning r.*
     )
     select c.* from claimed as c order by c.priority desc, c.normalized_at, c.run_id'
    using least(p_max_runs, graphdb._filter_limit(p_filter)),
          v_status, v_now, v_worker, v_expires_at, v_process;
end
$$;

comment on function graphdb.claim_runs(text, text, interval, integer, jsonb) is
  'Lease up to p_max_runs due runs for a phase (chunk or embed) to a worker, highest priority and oldest first. '
  'p_filter selects among the due runs. A run is never leased to two workers. Expired leases are recovered first. '
  'Returns no row if no run is due. TB001: bad argument.';
revoke all on function graphdb.claim_runs(text, text, interval, integer, jsonb) from public;
