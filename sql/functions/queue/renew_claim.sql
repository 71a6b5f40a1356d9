-- Extend a lease to p_ttl from now, and record the progress of the work. Returns the new end of the lease.
create or replace function graphdb.renew_claim(
  p_run_id text,
  p_claim_token bigint,
  p_ttl interval default '45 minutes',
  p_progress integer default null)
returns timestamptz
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := graphdb.clock();
  v_expires_at timestamptz;
begin
  perform graphdb._check_ttl(p_ttl);
  perform graphdb._locked_claim(p_run_id, p_claim_token);
  update graphdb.processed_runs as r
  set claim_expires_at = v_now + p_ttl,
      claimed_at = least(r.claimed_at, v_now), -- in case the clock was set back
      claim_progress = coalesce(p_progress, r.claim_progress), updated_at = v_now
  where r.run_id = p_run_id
  returning r.claim_expires_at into v_expires_at;
  return v_expires_at;
end
$$;

comment on function graphdb.renew_claim(text, bigint, interval, integer) is
  'Extend a lease to p_ttl from now, and record the progress (chunked documents or embedded texts). Returns the new end of the lease. '
  'TB002: claim lost. TB004: no such run.';
revoke all on function graphdb.renew_claim(text, bigint, interval, integer) from public;
