-- Release a run, for example at a graceful stop. No attempt is charged, and the run is due at once.
create or replace function graphdb.release_run(p_run_id text, p_claim_token bigint)
returns graphdb.processed_runs
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return graphdb._release_claim(graphdb._locked_claim(p_run_id, p_claim_token), null);
end
$$;

comment on function graphdb.release_run(text, bigint) is
  'Release a run, for example at a graceful stop. No attempt is charged, and the run is due at once. TB002: claim lost. TB004: no such run.';
revoke all on function graphdb.release_run(text, bigint) from public;
