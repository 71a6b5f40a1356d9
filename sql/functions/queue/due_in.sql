-- Return the time until the next back-off ends or the next lease expires, or null if there is neither. This is the longest
-- time that an idle worker should wait. A notification on the channel graphdb_backlog announces all other work.
create or replace function graphdb.due_in()
returns interval
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select greatest(coalesce(r.claim_expires_at, r.available_at) - graphdb.clock(), interval '0')
  from graphdb.processed_runs as r
  where r.claim_expires_at is not null or r.available_at is not null
  order by coalesce(r.claim_expires_at, r.available_at)
  limit 1
$$;

comment on function graphdb.due_in() is
  'Return the time until the next back-off ends or the next lease expires, or null if there is neither. '
  'A notification on the channel graphdb_backlog announces all other work.';
revoke all on function graphdb.due_in() from public;
