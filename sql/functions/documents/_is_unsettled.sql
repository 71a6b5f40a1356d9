-- Return whether the completion of these runs may change which versions searches return.
-- This is the case if a version is not searched yet, or if searches return a revision that is no longer current.
-- If the result is false, it stays false until the transaction ends: until then, no load can change a mark, and later
-- loads see the completed runs.
create or replace function graphdb._is_unsettled(p_run_ids text[])
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Check again in a separate statement under the lock.
  -- Otherwise, a load that commits at this moment could change a mark unnoticed.
  perform pg_advisory_xact_lock_shared(graphdb._marks_lock());
  if not exists (
    select from graphdb.documents as d where d.run_id = any (p_run_ids) and (not d.is_searched and d.is_findable or not d.is_current) and d.kept_for is null
  ) then
    return false;
  end if;
  -- The rollback releases the lock. A load may wait for it while holding _newest_lock, which the caller takes next.
  raise triggered_action_exception;
exception when triggered_action_exception then
  return true;
end
$$;

comment on function graphdb._is_unsettled(text[]) is
  'Return whether the completion of these runs may change which versions searches return. If the result is false, it stays false until the transaction ends.';
revoke all on function graphdb._is_unsettled(text[]) from public;
