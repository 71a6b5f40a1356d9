-- The one clock of the backlog: the server's current time. Leases, back-offs and time marks are read from it, never from a client.
-- Not the start of the statement: a procedure that claims and commits in a loop is one statement.
-- Tests replace this function in their own database.
create or replace function graphdb.clock()
returns timestamptz
language sql
volatile
parallel safe
as $$
  select pg_catalog.clock_timestamp()
$$;

comment on function graphdb.clock() is
  'The one clock of the backlog: the server''s current time. Leases, back-offs and time marks are read from it.';
revoke all on function graphdb.clock() from public;
