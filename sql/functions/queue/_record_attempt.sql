-- Write the history row for a claim that ends without completion. p_run is the row of the run during the claim. If the run
-- is not claimed, write nothing.
create or replace function graphdb._record_attempt(
  p_run graphdb.processed_runs,
  p_outcome text,
  p_error text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_run.claimed_by is null then
    return;
  end if;
  insert into graphdb.run_attempts
    (run_id, claim_token, phase, worker, started_at, ended_at, outcome, total_docs, total_chunks, error)
  values
    (p_run.run_id, p_run.claim_token, case p_run.status when 'chunking' then 'chunk' else 'embed' end,
     p_run.claimed_by, p_run.claimed_at, graphdb.clock(), p_outcome, p_run.total_docs,
     p_run.total_chunks, p_error)
  -- If the tables were copied at different times, the row may already exist. This must not block the run.
  on conflict (run_id, claim_token) do nothing;
end
$$;

comment on function graphdb._record_attempt(graphdb.processed_runs, text, text) is
  'Write the run_attempts row for a claim that ends without completion. If the run is not claimed, write nothing.';
revoke all on function graphdb._record_attempt(graphdb.processed_runs, text, text) from public;
