-- List the claims and their workers, one row for each claim, with the last heartbeat and the progress.
-- done and total are documents in the chunk phase and texts in the embed phase. rate is the number finished per second under this claim.
-- Without p_count, the function does not count texts. done is then the number that the worker last reported under this
-- claim. Documents that the caller may not read do not count. If a run has any, done in the chunk phase and the rate
-- are null.
create or replace function graphdb.list_workers(p_filter jsonb default null, p_count boolean default true)
returns table (
  worker text, host text, run_id text, phase text, state text, done bigint, total bigint, rate float8,
  claimed_at timestamptz, claim_expires_at timestamptz, last_heard_from timestamptz, silent_for interval, heartbeat_interval interval,
  claim_token bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := graphdb.clock();
begin
  return query execute
    'select r.claimed_by, split_part(r.claimed_by, ''/'', 1), r.run_id, case r.status when ''chunking'' then ''chunk'' else ''embed'' end,
            -- While a worker completes a phase in a long transaction, it holds the lock on its run and cannot renew the claim.
            case
              when graphdb._claim_state(r, $1) = ''dead'' and exists (
                select from pg_locks as l where l.locktype = ''transactionid'' and l.granted and l.transactionid = r.xmax)
                then ''alive''
              else graphdb._claim_state(r, $1)
            end,
            case when r.status = ''embedding'' then p.embedded when h.run_id is null then r.claim_progress::bigint end,
            case r.status when ''chunking'' then r.total_docs - least(r.total_docs, coalesce(h.documents, 0)) else p.texts end,
            case when h.run_id is null then r.claim_progress end / nullif(extract(epoch from r.updated_at - r.claimed_at), 0)::float8,
            r.claimed_at, r.claim_expires_at, r.updated_at, greatest($1 - r.updated_at, interval ''0''), graphdb._heartbeat_interval(r),
            r.claim_token
     from graphdb.processed_runs as r
     left join graphdb._hidden_documents() as h on h.run_id = r.run_id
     ' || case when p_count then 'left join graphdb.work_progress($3) as p on p.run_id = r.run_id'
               else 'cross join lateral (select case when h.run_id is null then r.claim_progress::bigint end as embedded, r.total_chunks - least(r.total_chunks, coalesce(h.chunks, 0)) as texts) as p' end || '
     where r.claim_expires_at is not null and ' || graphdb._filter_condition(p_filter) || '
     order by r.claimed_at, r.run_id
     limit $2'
    using v_now, graphdb._filter_limit(p_filter), coalesce(p_filter - 'limit', '{}') || '{"status": "embedding"}';
end
$$;

comment on function graphdb.list_workers(jsonb, boolean) is
  'List the claims and their workers, one row for each claim. state is alive, dead (presumed: six consecutive heartbeats were missed) or expired (the lease has ended, and the next claim recovers the run). '
  'done and total are documents in the chunk phase and texts in the embed phase; rate is the number finished per second under this claim. '
  'Without p_count, texts are not counted, and done is the number that the worker last reported. '
  'Documents that the caller may not read do not count: if a run has any, done in the chunk phase and the rate are null. TB001: bad filter.';
revoke all on function graphdb.list_workers(jsonb, boolean) from public;
