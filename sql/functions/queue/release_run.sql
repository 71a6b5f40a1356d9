-- Release a run, for example at a graceful stop. No attempt is charged, and the run is due at once.
create or replace function graphdb.release_run(p_run_id text, p_claim_token bigint)
returns graphdb.processed_runs
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run graphdb.processed_runs := graphdb._locked_claim(p_run_id, p_claim_token);
begin
  perform graphdb._record_attempt(v_run, 'released', null);
  update graphdb.processed_runs as r
  set status = r.claimed_from,
      chunk_started_at = case r.status when 'chunking' then null else r.chunk_started_at end,
      embed_started_at = null,
      claimed_by = null, claimed_at = null, claim_expires_at = null, claimed_from = null, claim_progress = null,
      claim_token = graphdb._next_token(r.claim_token),
      updated_at = graphdb.clock()
  where r.run_id = p_run_id
  returning r.* into v_run;
  return v_run;
end
$$;

comment on function graphdb.release_run(text, bigint) is
  'Release a run, for example at a graceful stop. No attempt is charged, and the run is due at once. TB002: claim lost. TB004: no such run.';
revoke all on function graphdb.release_run(text, bigint) from public;
