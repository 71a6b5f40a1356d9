-- Return when the server was started or promoted from a standby, whichever is later. A worker with an older last
-- heartbeat could not renew its claim, so an expired lease does not mean that the run crashed its worker. After a
-- promotion, the last replayed transaction is at least as new as each heartbeat that the old primary stored.
create or replace function graphdb._server_started_at()
returns timestamptz
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select greatest(pg_postmaster_start_time(), pg_last_xact_replay_timestamp())
$$;

comment on function graphdb._server_started_at() is
  'Return when the server was started or promoted from a standby. A worker whose last heartbeat is older could not renew its claim.';
revoke all on function graphdb._server_started_at() from public;
