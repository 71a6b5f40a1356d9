-- The one clock of the backlog: every lease, back-off and time mark is read from it, never from a client.
-- Tests replace this function in their own database.
create or replace function graphdb.clock()
returns timestamptz
language sql
stable
parallel safe
as $$
  select pg_catalog.statement_timestamp()
$$;

comment on function graphdb.clock() is
  'The one clock of the backlog: the start of the current statement, by the server. Leases, back-offs and time marks are read from it.';
revoke all on function graphdb.clock() from public;
