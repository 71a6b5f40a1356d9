-- Return the key of the advisory lock for moving the sequence of claim tokens. This lock is last in the lock order.
create or replace function graphdb._tokens_lock()
returns bigint
language sql
immutable
parallel safe
as $$
  select 7881697304920190
$$;

comment on function graphdb._tokens_lock() is
  'Return the key of the advisory lock for moving the sequence of claim tokens.';
revoke all on function graphdb._tokens_lock() from public;
