-- End a claim whose work failed, and charge the attempt. The run returns to its queue after p_pause (null: at once).
-- If the error is permanent or no attempts are left, the run is marked as failed.
create or replace function graphdb._charge_attempt(
  p_run graphdb.processed_runs,
  p_error text,
  p_pause interval,
  p_permanent boolean)
returns graphdb.processed_runs
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := graphdb.clock();
  v_failed boolean := p_permanent or p_run.attempts + 1 >= graphdb._max_attempts();
  v_phase text := case p_run.status when 'chunking' then 'chunk' else 'embed' end;
  v_run graphdb.processed_runs;
begin
  update graphdb.processed_runs as r
  set status = case when v_failed then 'failed' else r.claimed_from end,
      attempts = r.attempts + 1,
      available_at = case when not v_failed then v_now + p_pause end,
      failed_phase = v_phase,
      last_error = p_error,
      chunk_started_at = case v_phase when 'chunk' then null else r.chunk_started_at end,
      embed_started_at = null,
      claimed_by = null, claimed_at = null, claim_expires_at = null, claimed_from = null, claim_progress = null,
      claim_token = graphdb._next_token(r.claim_token),
      updated_at = v_now
  where r.run_id = p_run.run_id
  returning r.* into v_run;
  -- Waiting workers must also know when the back-off ends.
  perform pg_notify('graphdb_backlog', v_phase);
  return v_run;
end
$$;

comment on function graphdb._charge_attempt(graphdb.processed_runs, text, interval, boolean) is
  'End a claim whose work failed, and charge the attempt. The run returns to its queue after p_pause. '
  'If the error is permanent or no attempts are left, the run is marked as failed.';
revoke all on function graphdb._charge_attempt(graphdb.processed_runs, text, interval, boolean) from public;
