-- End a claim without charging the attempt. The run returns to the status before the claim and is due at once. The caller must
-- have locked p_run.
create or replace function graphdb._release_claim(p_run graphdb.processed_runs, p_error text)
returns graphdb.processed_runs
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run graphdb.processed_runs;
begin
  perform graphdb._record_attempt(p_run, 'released', p_error);
  update graphdb.processed_runs as r
  set status = r.claimed_from,
      chunk_started_at = case r.status when 'chunking' then null else r.chunk_started_at end,
      embed_started_at = null,
      claimed_by = null, claimed_at = null, claim_expires_at = null, claimed_from = null, claim_progress = null,
      claim_token = graphdb._next_token(r.claim_token),
      updated_at = graphdb.clock()
  where r.run_id = p_run.run_id
  returning r.* into v_run;
  perform pg_notify('graphdb_backlog', case p_run.status when 'chunking' then 'chunk' else 'embed' end);
  return v_run;
end
$$;

comment on function graphdb._release_claim(graphdb.processed_runs, text) is
  'End a claim without charging the attempt. The run returns to the status before the claim and is due at once.';
revoke all on function graphdb._release_claim(graphdb.processed_runs, text) from public;
