-- Return the run if the token belongs to its live claim. TB004: no such run. TB002: claim lost.
create or replace function graphdb._held_claim(p_run_id text, p_claim_token bigint)
returns graphdb.processed_runs
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run graphdb.processed_runs;
begin
  select r.* into v_run from graphdb.processed_runs as r where r.run_id = p_run_id;
  if not found then
    raise exception 'no run "%"', left(p_run_id, 140)
      using errcode = 'TB004', hint = 'To list the runs: select run_id from graphdb.processed_runs.';
  end if;
  if v_run.claim_token is distinct from p_claim_token or v_run.claimed_by is null then
    raise exception 'claim % on run "%" is lost', p_claim_token, p_run_id
      using errcode = 'TB002', hint = 'The claim expired, or the run was reset or registered again. Stop the work on this run and claim a run again.';
  end if;
  return v_run;
end
$$;

comment on function graphdb._held_claim(text, bigint) is
  'Return the run if the token belongs to its live claim. TB004: no such run. TB002: claim lost.';
revoke all on function graphdb._held_claim(text, bigint) from public;
