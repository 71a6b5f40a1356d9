-- What every claim does first: recover a few runs whose lease or back-off is over. One index probe when there are none.
-- Few, so that a claim stays quick when thousands of leases end at once; each claim recovers more runs than it takes.
-- True when there were any.
create or replace function graphdb._wake_runs(p_now timestamptz)
returns boolean
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Bounded, so that the probe ends at the first entry that is not due yet: while a transaction is left open, those of claims
  -- that ended stay, and stand before the live ones. Ordered, so that only the index will do (exists would drop the order).
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
  'What every claim does first: recover a few runs whose lease or back-off is over; one index probe when there are none.';
revoke all on function graphdb._wake_runs(timestamptz) from public;
