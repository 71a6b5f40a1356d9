-- The run under a live fence, locked until the transaction ends. TB004: no such run. TB002: the token is no longer its claim.
create or replace function graphdb._locked_claim(p_run_id text, p_claim_token bigint)
returns graphdb.processed_runs
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Read in a statement of its own, after the lock: whoever held it may have taken the claim away.
  perform from graphdb.processed_runs as r where r.run_id = p_run_id for no key update;
  return graphdb._held_claim(p_run_id, p_claim_token);
end
$$;

comment on function graphdb._locked_claim(text, bigint) is
  'The run under a live fence, locked until the transaction ends. TB004: no such run. TB002: claim lost.';
revoke all on function graphdb._locked_claim(text, bigint) from public;
