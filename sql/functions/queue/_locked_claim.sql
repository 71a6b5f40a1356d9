-- Return the run if the token belongs to its live claim, and lock it until the transaction ends. TB004: no such run. TB002: claim lost.
create or replace function graphdb._locked_claim(p_run_id text, p_claim_token bigint)
returns graphdb.processed_runs
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Read the claim in a separate statement after the lock, because the previous holder of the lock may have ended the claim.
  perform from graphdb.processed_runs as r where r.run_id = p_run_id for no key update;
  return graphdb._held_claim(p_run_id, p_claim_token);
end
$$;

comment on function graphdb._locked_claim(text, bigint) is
  'Return the run if the token belongs to its live claim, and lock it until the transaction ends. TB004: no such run. TB002: claim lost.';
revoke all on function graphdb._locked_claim(text, bigint) from public;
