-- Key of the advisory lock between those that decide which version of a document is the newest.
-- Taken after the lock on the run's row and before its documents are written, held to the end.
create or replace function graphdb._newest_lock()
returns bigint
language sql
immutable
parallel safe
as $$
  select 7881697304920174
$$;

comment on function graphdb._newest_lock() is 'Key of the advisory lock between those that decide which version of a document is the newest.';
revoke all on function graphdb._newest_lock() from public;
