-- Return the current time of the server. The backlog uses this clock for leases, back-offs and timestamps, and never the
-- clock of a client. The start time of the statement would be wrong, because a procedure that claims and commits in a loop
-- is one statement. Tests replace this function in their own database.
create or replace function graphdb.clock()
returns timestamptz
language sql
volatile
parallel safe
as $$
  select pg_catalog.clock_timestamp()
$$;

comment on function graphdb.clock() is
  'Return the current time of the server. The backlog uses only this clock for leases, back-offs and timestamps.';
revoke all on function graphdb.clock() from public;
