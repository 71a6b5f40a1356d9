-- Return the key of the advisory lock between completions (shared) and transactions that mark versions (exclusive).
-- It ensures that a transaction that marks versions sees each completion, or the completion sees its marks.
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
  'Return the key of the advisory lock between completions (shared) and transactions that mark versions of documents (exclusive).';
revoke all on function graphdb._marks_lock() from public;
