-- Show in one row why the backlog may be stuck: runs by status, due and paused runs, claims with their workers and progress,
-- throughput, and estimated time left.
create or replace view graphdb.backlog_status as
with moment as materialized (
  select graphdb.clock() as now_at
), counted as (
  select r.status, count(*) as runs,
         sum(r.total_chunks) as chunks, sum(r.total_docs) filter (where r.total_chunks is not null) as chunked_docs
  from graphdb.processed_runs as r group by r.status
), waiting as (
  select
    count(*) filter (where r.paused_at is null and (r.available_at is null or r.available_at <= m.now_at)) as due,
    count(*) filter (where r.paused_at is null and r.available_at > m.now_at) as deferred,
    count(*) filter (where r.paused_at is not null) as paused,
    min(r.available_at) filter (where r.paused_at is null and r.available_at > m.now_at) as next_available_at,
    min(r.normalized_at) filter (where r.paused_at is null) as oldest_normalized_at
  from graphdb.processed_runs as r cross join moment as m
  where r.status in ('normalized', 'chunked', 'reset')
), workers as materialized (
  select w.* from graphdb.list_workers() as w
), claims as (
  select
    count(*) filter (where w.state <> 'expired') as live,
    count(*) filter (where w.state = 'expired') as expired,
    count(*) filter (where w.state = 'dead') as dead,
    min(w.last_heard_from) as last_heard_from,
    -- Exclude dead workers, because their progress does not predict the time left.
    sum(w.rate) filter (where w.phase = 'embed' and w.state = 'alive') as texts_a_second,
    jsonb_agg(jsonb_build_object(
      'run_id', w.run_id,
      'phase', w.phase,
      'worker', w.worker,
      'age_seconds', greatest(0, extract(epoch from m.now_at - w.claimed_at)::bigint),
      'expires_in_seconds', extract(epoch from w.claim_expires_at - m.now_at)::bigint,
      'done', w.done,
      'total', w.total,
      'host', w.host,
      'state', w.state,
      'last_heard_from', w.last_heard_from,
      'silent_seconds', extract(epoch from w.silent_for)::bigint,
      'heartbeat_seconds', extract(epoch from w.heartbeat_interval)::bigint,
      'rate', round(w.rate::numeric, 2)
    ) order by w.claimed_at) as list
  from workers as w cross join moment as m
), progress as (
  select coalesce(sum(p.documents), 0) as documents, coalesce(sum(p.texts), 0) as texts, coalesce(sum(p.embedded), 0) as embedded
  from (
    select w.documents, w.texts, w.embedded from graphdb.work_progress('{"status": ["normalized", "chunking", "chunked", "reset"]}') as w
    union all
    select 0, w.total, w.done from workers as w where w.phase = 'embed'
  ) as p
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
  case
    -- The remaining texts. For documents without chunks, assume as many texts per document as in other runs.
    when k.texts_a_second > 0 then
      date_trunc('second', make_interval(secs => (
        p.texts - p.embedded
        + p.documents * coalesce((select sum(c.chunks)::float8 / nullif(sum(c.chunked_docs), 0) from counted as c), 1)
      ) / k.texts_a_second))
    when f.runs > 1 then
      -- Never negative, even if the server's clock was set back.
      date_trunc('second', greatest((w.due + w.deferred + k.live + k.expired) * (m.now_at - f.since) / f.runs, interval '0'))
  end as time_to_go,
  w.paused,
  k.dead as dead_claims,
  k.last_heard_from,
  p.documents::bigint as documents_to_chunk,
  p.texts::bigint as texts,
  p.embedded::bigint as embedded_texts,
  k.texts_a_second
from moment as m, waiting as w, claims as k, progress as p, finished as f;

comment on view graphdb.backlog_status is
  'Show in one row why the backlog may be stuck: runs by status, due runs, runs in back-off, paused runs, the oldest run, live, dead and expired claims with age, progress and last heartbeat, texts of unfinished runs and how many have a vector, runs embedded in the last 10 minutes, and the estimated time left at the rate of the live workers or of the last runs.';
revoke all on graphdb.backlog_status from public;
