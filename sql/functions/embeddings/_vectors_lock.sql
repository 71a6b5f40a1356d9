-- Return the key of the advisory lock on vectors. Transactions that rely on vectors take it in shared mode, and transactions
-- that delete vectors in exclusive mode.
-- The lock order is: this lock, processed_runs by run_id, _newest_lock, _marks_lock, documents, chunks, embeddings.
create or replace function graphdb._vectors_lock()
returns bigint
language sql
immutable
parallel safe
as $$
  select 7881697304920173
$$;

comment on function graphdb._vectors_lock() is
  'Return the key of the advisory lock on vectors. Transactions that rely on vectors take it in shared mode, and transactions that delete vectors in exclusive mode. '
  'Lock order: this lock, processed_runs by run_id, _newest_lock, _marks_lock, documents, chunks, embeddings.';
revoke all on function graphdb._vectors_lock() from public;
