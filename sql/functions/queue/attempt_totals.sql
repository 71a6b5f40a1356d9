-- Return how many claims have ended since the start of the history, by phase and outcome.
create or replace function graphdb.attempt_totals()
returns table (phase text, outcome text, attempts bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select a.phase, a.outcome, count(*) from graphdb.run_attempts as a group by a.phase, a.outcome order by a.phase, a.outcome
$$;

comment on function graphdb.attempt_totals() is
  'Return how many claims have ended since the start of the history, by phase and outcome.';
revoke all on function graphdb.attempt_totals() from public;
