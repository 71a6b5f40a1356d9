-- Lease the oldest due run to a worker. Returns no row if no run is due. The statements contain copies of _queue_condition,
-- so that they are planned only once in a session. claim_runs plans each call.
create or replace function graphdb.claim_run(p_phase text, p_worker text, p_ttl interval default '45 minutes')
returns setof graphdb.processed_runs
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Assign the result instead of using perform, because an expression without a query is faster.
  v_now constant timestamptz := graphdb.clock();
  v_phase constant text := graphdb._check_phase(p_phase);
  v_worker constant text := graphdb._check_worker(p_worker);
  v_expires_at constant timestamptz := v_now + graphdb._check_ttl(p_ttl);
  -- Null if the session did not set the identity of its process, for example in psql.
  v_process constant text := nullif(left(current_setting('graphdb.worker_process', true), 64), '');
  v_woken constant boolean := graphdb._wake_runs(v_now);
begin
  if v_phase = 'chunk' then
    return query
    with due as materialized (
      select r.run_id from graphdb.processed_runs as r
      where r.status in ('normalized', 'reset') and r.available_at is null and r.paused_at is null
      order by r.priority desc, r.normalized_at, r.run_id
      limit 1
      for no key update skip locked
    )
    update graphdb.processed_runs as r
    set claimed_from = r.status, status = 'chunking', chunk_started_at = v_now,
        claimed_by = v_worker, claimed_at = v_now, claim_expires_at = v_expires_at, claim_process = v_process,
        claim_token = graphdb._next_token(r.claim_token), updated_at = v_now
    where r.run_id = (select due.run_id from due)
    returning r.*;
  else
    return query
    with due as materialized (
      select r.run_id from graphdb.processed_runs as r
      where (r.status = 'chunked' or r.status = 'reset' and r.total_chunks is not null) and r.available_at is null and r.paused_at is null
      order by r.priority desc, r.normalized_at, r.run_id
      limit 1
      for no key update skip locked
    )
    update graphdb.processed_runs as r
    set claimed_from = r.status, status = 'embedding', embed_started_at = v_now, wants_vectors = true,
        claimed_by = v_worker, claimed_at = v_now, claim_expires_at = v_expires_at, claim_process = v_process,
        claim_token = graphdb._next_token(r.claim_token), updated_at = v_now
    where r.run_id = (select due.run_id from due)
    returning r.*;
  end if;
end
$$;

comment on function graphdb.claim_run(text, text, interval) is
  'Lease the oldest due run for a phase (chunk or embed) to a worker for p_ttl. '
  'Runs are claimed by highest priority, then by normalized_at, then by run_id. Expired leases are recovered first. Returns no row if no run is due. '
  'TB001: bad argument.';
revoke all on function graphdb.claim_run(text, text, interval) from public;
