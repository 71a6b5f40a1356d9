-- Whether the completion of these runs may change what search shows: a version is not searched, or search shows a revision that
-- is no longer current. If not, nobody changes that until the transaction ends, and whoever does so then sees the runs completed.
create or replace function graphdb._is_unsettled(p_run_ids text[])
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A statement of its own asks under the lock: otherwise a load that ends just now could change a mark unseen.
  perform pg_advisory_xact_lock_shared(graphdb._marks_lock());
  if not exists (
    select from graphdb.documents as d where d.run_id = any (p_run_ids) and (not d.is_searched and d.is_findable or not d.is_current)
  ) then
    return false;
  end if;
  -- The rollback frees the lock: a load that waits for it holds _newest_lock, which the caller takes next.
  raise triggered_action_exception;
exception when triggered_action_exception then
  return true;
end
$$;

comment on function graphdb._is_unsettled(text[]) is
  'Whether the completion of these runs may change what search shows; if not, that stays so until the transaction ends.';
revoke all on function graphdb._is_unsettled(text[]) from public;
