-- Write the history row of a claim that ends now, but not by completion. p_run is the run as it was under the claim; unclaimed, nothing is written.
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
  -- Tables that were copied one by one may hold the row already. It must not stop the run.
  on conflict (run_id, claim_token) do nothing;
end
$$;

comment on function graphdb._record_attempt(graphdb.processed_runs, text, text) is
  'Write the run_attempts row of a claim that ends now, but not by completion; for an unclaimed run, nothing.';
revoke all on function graphdb._record_attempt(graphdb.processed_runs, text, text) from public;
