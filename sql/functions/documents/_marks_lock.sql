-- Key of the advisory lock between completions (shared) and those who mark versions of documents (exclusive): whoever marks
-- sees each completion, or is seen by it. A load takes it at its end only, so that completions do not wait while it writes.
create or replace function graphdb._marks_lock()
returns bigint
language sql
immutable
parallel safe
as $$
  select 7881697304920175
$$;

comment on function graphdb._marks_lock() is
  'Key of the advisory lock between completions (shared) and those who mark versions of documents (exclusive).';
revoke all on function graphdb._marks_lock() from public;
