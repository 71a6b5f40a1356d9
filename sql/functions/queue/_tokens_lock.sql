-- Key of the advisory lock under which the sequence of claim tokens is moved. Taken last of all locks.
create or replace function graphdb._tokens_lock()
returns bigint
language sql
immutable
parallel safe
as $$
  select 7881697304920190
$$;

comment on function graphdb._tokens_lock() is 'Key of the advisory lock under which the sequence of claim tokens is moved.';
revoke all on function graphdb._tokens_lock() from public;
