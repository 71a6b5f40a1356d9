-- Show in one row why the backlog may be stuck: runs by status, due runs, claims and their
-- progress, throughput, estimated time left.
create or replace view graphdb.backlog_status as
with moment as materialized (
  select graphdb.clock() as now_at
), counted as (
  select r.status, count(*) as runs from graphdb.processed_runs as r group by r.status
), waiting as (
  select
    count(*) filter (where r.available_at is null or r.available_at <= m.now_at) as due,
    count(*) filter (where r.available_at > m.now_at) as deferred,
    min(r.available_at) filter (where r.available_at > m.now_at) as next_available_at,
    min(r.normalized_at) as oldest_normalized_at
  from graphdb.processed_runs as r cross join moment as m
  where r.status in ('normalized', 'chunked', 'reset')
), claims as (
  select
    count(*) filter (where r.claim_expires_at > m.now_at) as live,
    count(*) filter (where r.claim_expires_at <= m.now_at) as expired,
    jsonb_agg(jsonb_build_object(
      'run_id', r.run_id,
      'phase', case r.status when 'chunking' then 'chunk' else 'embed' end,
      'worker', r.claimed_by,
      'age_seconds', greatest(0, extract(epoch from m.now_at - r.claimed_at)::bigint),
      'expires_in_seconds', extract(epoch from r.claim_expires_at - m.now_at)::bigint,
      'done', r.claim_progress,
      'total', case r.status when 'chunking' then r.total_docs else r.total_chunks end
    ) order by r.claimed_at) as list
  from graphdb.processed_runs as r cross join moment as m
  where r.claim_expires_at is not null
), finished as (
  select count(*) as runs, min(r.embed_completed_at) as since
  from graphdb.processed_runs as r cross join moment as m
  where r.status = 'embedded' and r.embed_completed_at > m.now_at - interval '10 minutes'
)
select
  (select coalesce(sum(c.runs), 0) from counted as c)::bigint as total,
  (select coalesce(jsonb_object_agg(c.status, c.runs), '{}') from counted as c) as by_status,
  w.due,
  w.deferred,
  w.next_available_at,
  w.oldest_normalized_at,
  k.live as live_claims,
  k.expired as expired_claims,
  coalesce(k.list, '[]') as claims,
  f.runs as embedded_last_10_minutes,
  case when f.runs > 1 then
    -- Never negative, even if the server's clock was set back.
    date_trunc('second', greatest((w.due + w.deferred + k.live + k.expired) * (m.now_at - f.since) / f.runs, interval '0'))
  end as time_to_go
from moment as m, waiting as w, claims as k, finished as f;

comment on view graphdb.backlog_status is
  'Show in one row why the backlog may be stuck: runs by status, due runs, runs in back-off, the oldest run, live and expired claims with age and progress, '
  'the number of runs embedded in the last 10 minutes, and the estimated time left at the rate since the first of them.';
revoke all on graphdb.backlog_status from public;
