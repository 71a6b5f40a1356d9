-- Renew all leases of a process at once, and record the progress of each. Returns one row for each token.
-- If the claim is lost, run_id is null. If only claim_expires_at is null, another transaction has locked the run, so its
-- lease was not renewed.
create or replace function graphdb.renew_claims(
  p_claim_tokens bigint[],
  p_ttl interval default '45 minutes',
  p_progress integer[] default null)
returns table (claim_token bigint, run_id text, claim_expires_at timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := graphdb.clock();
begin
  perform graphdb._check_ttl(p_ttl);
  if p_progress is not null and cardinality(p_progress) <> cardinality(p_claim_tokens) then
    raise exception 'got % tokens but % progress values', cardinality(p_claim_tokens), cardinality(p_progress)
      using errcode = 'TB001', hint = 'Pass one progress value for each token, or null.';
  end if;

  return query
  with asked as (
    select a.token, p_progress[a.place] as progress from unnest(p_claim_tokens) with ordinality as a (token, place)
  ), held as materialized (
    select r.run_id, asked.progress
    from graphdb.processed_runs as r
    join asked on asked.token = r.claim_token
    where r.claim_expires_at is not null
    order by r.run_id
    for no key update of r skip locked
  ), renewed as (
    update graphdb.processed_runs as r
    set claim_expires_at = v_now + p_ttl,
        claimed_at = least(r.claimed_at, v_now), -- in case the clock was set back
        claim_progress = coalesce(held.progress, r.claim_progress), updated_at = v_now
    from held
    where r.run_id = held.run_id and r.claim_token = any (p_claim_tokens) and r.claim_expires_at is not null
    returning r.claim_token, r.run_id, r.claim_expires_at
  )
  select asked.token, k.run_id, renewed.claim_expires_at
  from asked
  left join graphdb.processed_runs as k on k.claim_token = asked.token and k.claim_expires_at is not null
  left join renewed on renewed.claim_token = asked.token;
end
$$;

comment on function graphdb.renew_claims(bigint[], interval, integer[]) is
  'Renew all leases of a process at once. Returns one row for each token with the run and the new end of the lease. '
  'Both are null if the claim is lost. '
  'If only the end is null, the lease was not renewed, because another transaction has locked the run. Try again soon.';
revoke all on function graphdb.renew_claims(bigint[], interval, integer[]) from public;
