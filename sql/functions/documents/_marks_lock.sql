-- Return the key of the advisory lock on marks. Completions take it in shared mode, and transactions that mark versions in
-- exclusive mode. Therefore, either a transaction that marks versions sees a completion, or the completion sees its marks.
-- A load takes the lock only at its end, so that completions do not wait while it writes.
create or replace function graphdb._marks_lock()
returns bigint
language sql
immutable
parallel safe
as $$
  select 7881697304920175
$$;

comment on function graphdb._marks_lock() is
  'Return the key of the advisory lock on marks. Completions take it in shared mode, and transactions that mark versions of documents in exclusive mode.';
revoke all on function graphdb._marks_lock() from public;
