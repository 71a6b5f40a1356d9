-- Key of the advisory lock between those who count on vectors (shared) and those who delete them (exclusive).
-- Lock order everywhere: this lock, processed_runs by run_id, _newest_lock, _marks_lock, documents, chunks, embeddings.
create or replace function graphdb._vectors_lock()
returns bigint
language sql
immutable
parallel safe
as $$
  select 7881697304920173
$$;

comment on function graphdb._vectors_lock() is
  'Key of the advisory lock between those who count on vectors (shared) and those who delete them (exclusive). '
  'Lock order: this lock, processed_runs by run_id, _newest_lock, _marks_lock, documents, chunks, embeddings.';
revoke all on function graphdb._vectors_lock() from public;
