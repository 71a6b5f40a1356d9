-- Return the expected interval between renewals of a claim: ten seconds, or a third of a shorter lease. The driver uses the same interval.
create or replace function graphdb._heartbeat_interval(p_run graphdb.processed_runs)
returns interval
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select least(interval '10 seconds', (p_run.claim_expires_at - p_run.updated_at) / 3)
$$;

comment on function graphdb._heartbeat_interval(graphdb.processed_runs) is
  'Return the expected interval between renewals of a claim: ten seconds, or a third of a shorter lease.';
revoke all on function graphdb._heartbeat_interval(graphdb.processed_runs) from public;
