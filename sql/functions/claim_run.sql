-- Lease the oldest due run to a worker. No row when none is due.
create or replace function graphdb.claim_run(p_phase text, p_worker text, p_ttl interval default '45 minutes')
returns setof graphdb.processed_runs
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query select * from graphdb.claim_runs(p_phase, p_worker, p_ttl, 1);
end
$$;

comment on function graphdb.claim_run(text, text, interval) is
  'Lease the oldest due run for a phase (chunk or embed) to a worker, for p_ttl: highest priority, then normalized_at, then run_id. '
  'Expired leases are recovered first. No row: nothing is due. TB001: bad argument.';
revoke all on function graphdb.claim_run(text, text, interval) from public;
