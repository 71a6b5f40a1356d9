-- The claims of a run that ended, in the order they began.
create or replace function graphdb.run_history(p_run_id text)
returns setof graphdb.run_attempts
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select a.* from graphdb.run_attempts as a where a.run_id = p_run_id order by a.claim_token
$$;

comment on function graphdb.run_history(text) is 'The claims of a run that ended, in the order they began: phase, worker, times, outcome, counts, error.';
revoke all on function graphdb.run_history(text) from public;
