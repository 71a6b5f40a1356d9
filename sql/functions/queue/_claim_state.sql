-- Return the state of a claim: alive, dead (six consecutive heartbeats were missed), expired (the lease has ended), or null
-- without a claim. If the server's clock was set back, the last heartbeat is in the future, and the worker counts as alive.
create or replace function graphdb._claim_state(p_run graphdb.processed_runs, p_now timestamptz)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_run.claim_expires_at is null then null
    when p_run.claim_expires_at <= p_now then 'expired'
    when p_now - p_run.updated_at >= 6 * graphdb._heartbeat_interval(p_run) then 'dead'
    else 'alive'
  end
$$;

comment on function graphdb._claim_state(graphdb.processed_runs, timestamptz) is
  'Return the state of a claim: alive, dead (six consecutive heartbeats were missed), expired (the lease has ended), or null without a claim.';
revoke all on function graphdb._claim_state(graphdb.processed_runs, timestamptz) from public;
