-- Return the finished claims of a run, in the order in which they began.
create or replace function graphdb.run_history(p_run_id text)
returns setof graphdb.run_attempts
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select a.* from graphdb.run_attempts as a where a.run_id = p_run_id order by a.claim_token
$$;

comment on function graphdb.run_history(text) is
  'Return the finished claims of a run, in the order in which they began: phase, worker, times, outcome, counts and error.';
revoke all on function graphdb.run_history(text) from public;
