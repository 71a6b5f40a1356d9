-- Lease up to p_max_runs due runs, the oldest first, to one worker; p_filter narrows what is due. No row when none is due.
-- Each row carries the claim_token that every later call on the run must show.
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
as $$
declare
  v_now timestamptz := graphdb.clock();
begin
  perform graphdb._check_phase(p_phase);
  perform graphdb._check_ttl(p_ttl);
  if coalesce(p_worker, '') = '' then
    raise exception 'a claim needs the name of its worker'
      using errcode = 'TB001', hint = 'Pass host/pid/thread, or any name that tells your workers apart.';
  end if;
  if p_max_runs is null or p_max_runs not between 1 and 10000 then
    raise exception 'cannot claim % runs', coalesce(p_max_runs::text, 'null')
      using errcode = 'TB001', hint = 'Pass a number from 1 to 10000.';
  end if;

  perform graphdb.recover_expired_claims(100);

  return query
  with due as materialized (
    select d.run_id from graphdb._lock_due_runs(p_phase, p_max_runs, p_filter) as d (run_id)
  ), claimed as (
    update graphdb.processed_runs as r
    set claimed_from = r.status,
        status = case p_phase when 'chunk' then 'chunking' else 'embedding' end,
        chunk_started_at = case p_phase when 'chunk' then v_now else r.chunk_started_at end,
        embed_started_at = case p_phase when 'embed' then v_now end,
        wants_vectors = r.wants_vectors or p_phase = 'embed',
        claimed_by = p_worker,
        claimed_at = v_now,
        claim_expires_at = v_now + p_ttl,
        claim_token = nextval('graphdb.claim_tokens'),
        updated_at = v_now
    from due
    where r.run_id = due.run_id
    returning r.*
  )
  select c.* from claimed as c order by c.priority desc, c.normalized_at, c.run_id;
end
$$;

comment on function graphdb.claim_runs(text, text, interval, integer, jsonb) is
  'Lease up to p_max_runs due runs for a phase (chunk or embed), highest priority and oldest first, each to one worker only; p_filter narrows the choice. '
  'Expired leases are recovered first. No row: nothing is due. TB001: bad argument.';
revoke all on function graphdb.claim_runs(text, text, interval, integer, jsonb) from public;
