-- Return the key of the advisory lock that a transaction takes before it decides which version of a document is the newest.
-- Take it after locking the run's row and before writing its documents. It is held until the transaction ends.
create or replace function graphdb._newest_lock()
returns bigint
language sql
immutable
parallel safe
as $$
  select 7881697304920174
$$;

comment on function graphdb._newest_lock() is
  'Return the key of the advisory lock that a transaction takes before it decides which version of a document is the newest.';
revoke all on function graphdb._newest_lock() from public;
