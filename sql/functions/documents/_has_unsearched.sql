-- Whether a version that these completed runs hold is not searched, and so may be due to be. If not, nobody takes the mark from
-- one until the transaction ends, and whoever does so then sees the runs completed.
create or replace function graphdb._has_unsearched(p_run_ids text[])
returns boolean
language plpgsql
volatile
as $$
begin
  -- Asked under the lock, in a statement of its own: a load that ends just now could else take the mark unseen.
  perform pg_advisory_xact_lock_shared(graphdb._marks_lock());
  if not exists (select from graphdb.documents as d where d.run_id = any (p_run_ids) and not d.is_searched) then
    return false;
  end if;
  -- Rolled back to let the lock go: a load that waits for it holds _newest_lock, which the caller takes next.
  raise triggered_action_exception;
exception when triggered_action_exception then
  return true;
end
$$;

comment on function graphdb._has_unsearched(text[]) is
  'Whether a version that these completed runs hold is not searched; if not, it stays so until the transaction ends.';
revoke all on function graphdb._has_unsearched(text[]) from public;
