-- Recover a few runs whose lease has expired or whose back-off has ended. Every claim calls this first. If there are no such
-- runs, it costs one index probe. It recovers only a few runs, so that a claim is fast even if thousands of leases
-- expire at once, but more runs than the claim leases. Returns true if it recovered any.
create or replace function graphdb._wake_runs(p_now timestamptz)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The probe has an upper bound and stops at the first entry that is not due. Otherwise, it would read all dead entries
  -- that an open transaction keeps in the index. With "order by", the planner must use the index. It would ignore the
  -- order within "exists".
  if (
    select true
    from graphdb.processed_runs as r
    where coalesce(r.claim_expires_at, r.available_at) <= p_now
      and (r.claim_expires_at is not null or r.available_at is not null)
    order by coalesce(r.claim_expires_at, r.available_at)
    limit 1)
  then
    perform graphdb.recover_expired_claims(10);
    return true;
  end if;
  return false;
end
$$;

comment on function graphdb._wake_runs(timestamptz) is
  'Recover a few runs whose lease has expired or whose back-off has ended. Every claim calls this first. If there are no such runs, it costs one index probe.';
revoke all on function graphdb._wake_runs(timestamptz) from public;
