-- End the claim of a worker whose process has ended, as if the lease had expired. The attempt is charged, because the run may
-- have crashed the process. If the server was started or promoted after the worker's last heartbeat, the process could not
-- release the claim, and the attempt is not charged.
create or replace function graphdb.expire_claim(p_run_id text, p_claim_token bigint, p_reason text default null)
returns graphdb.processed_runs
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run graphdb.processed_runs := graphdb._locked_claim(p_run_id, p_claim_token);
  v_error text := coalesce(nullif(left(p_reason, 4000), ''), format('worker %s ended without releasing the claim', v_run.claimed_by));
begin
  if v_run.updated_at < graphdb._server_started_at() then
    return graphdb._release_claim(v_run, v_error || '; the database server was started or promoted meanwhile');
  end if;
  perform graphdb._record_attempt(v_run, 'expired', v_error);
  return graphdb._charge_attempt(v_run, v_error, graphdb._backoff(v_run.attempts), false);
end
$$;

comment on function graphdb.expire_claim(text, bigint, text) is
  'End the claim of a worker whose process has ended, as if the lease had expired. '
  'The attempt is charged, unless the server was started or promoted after the last heartbeat. The run is due at once or after a back-off. '
  'If no attempts are left, it is marked as failed. '
  'TB002: claim lost. TB004: no such run.';
revoke all on function graphdb.expire_claim(text, bigint, text) from public;
