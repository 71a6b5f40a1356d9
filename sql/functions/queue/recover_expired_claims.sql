-- End claims whose leases have expired, and charge the attempts. If the server was started or promoted after the worker's last
-- heartbeat, the attempt is not charged. Make runs due whose back-off has ended. Each step processes at most p_max_runs runs.
-- Returns the runs whose leases had expired, after the change. If there is nothing to do, it costs one index probe.
create or replace function graphdb.recover_expired_claims(p_max_runs integer default 1000)
returns setof graphdb.processed_runs
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := graphdb.clock();
  v_run graphdb.processed_runs;
  v_error text;
begin
  for v_run in
    select r.* from graphdb.processed_runs as r
    where coalesce(r.claim_expires_at, r.available_at) <= v_now
      and (r.claim_expires_at is not null or r.available_at is not null)
    order by coalesce(r.claim_expires_at, r.available_at)
    limit graphdb._check_limit(p_max_runs)
    for no key update skip locked
  loop
    if v_run.claimed_by is null then
      update graphdb.processed_runs as r set available_at = null, updated_at = v_now where r.run_id = v_run.run_id;
    elsif v_run.updated_at < graphdb._server_started_at() then
      return next graphdb._release_claim(v_run, format('the database server was started or promoted while %s held the claim', v_run.claimed_by));
    else
      v_error := format('lease of %s ran out at %s', v_run.claimed_by, to_char(v_run.claim_expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
      perform graphdb._record_attempt(v_run, 'expired', v_error);
      return next graphdb._charge_attempt(v_run, v_error, graphdb._backoff(v_run.attempts), false);
    end if;
  end loop;
end
$$;

comment on function graphdb.recover_expired_claims(integer) is
  'End claims whose leases have expired, and charge the attempts. '
  'If the server was started or promoted after the last heartbeat, the attempt is not charged. '
  'Make runs due whose back-off has ended. claim_run does this first. '
  'Returns the runs whose leases had expired, after the change. TB001: bad limit.';
revoke all on function graphdb.recover_expired_claims(integer) from public;
