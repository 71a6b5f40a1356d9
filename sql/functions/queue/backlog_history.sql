-- For each of the last p_buckets intervals of length p_bucket, oldest first, return the number of completed phases,
-- failures including expired leases, and chunks of the runs that were embedded. The last interval ends now. Every
-- interval has a row. Documents that the caller, or p_as, may not read do not count.
create or replace function graphdb.backlog_history(p_bucket interval default '1 minute', p_buckets integer default 60, p_as text[] default null)
returns table (since timestamptz, chunked bigint, embedded bigint, failed bigint, chunks bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_seconds float8 := extract(epoch from p_bucket);
  v_start timestamptz;
begin
  if v_seconds is null or v_seconds not between 1 and 366 * 86400 or p_buckets is null or p_buckets not between 1 and 1000 then
    raise exception 'a history must have 1 to 1000 intervals of one second to one year, not % intervals of %', coalesce(p_buckets::text, 'null'),
      coalesce(p_bucket::text, 'null')
      using errcode = 'TB001', hint = 'Example: backlog_history(interval ''1 minute'', 60).';
  end if;
  v_start := graphdb.clock() - p_buckets * v_seconds * interval '1 second';
  return query
  select v_start + b.place * v_seconds * interval '1 second',
         count(*) filter (where a.outcome = 'completed' and a.phase = 'chunk'),
         count(*) filter (where a.outcome = 'completed' and a.phase = 'embed'),
         count(*) filter (where a.outcome in ('failed', 'expired')),
         coalesce(sum(a.embedded_chunks) filter (where a.outcome = 'completed' and a.phase = 'embed'), 0)::bigint
  from generate_series(0, p_buckets - 1) as b (place)
  left join (
    select least(floor(extract(epoch from t.ended_at - v_start) / v_seconds), p_buckets - 1) as place, t.outcome, t.phase,
           t.embedded_chunks - least(t.embedded_chunks, coalesce(h.chunks, 0)) as embedded_chunks
    from graphdb.run_attempts as t
    left join graphdb._hidden_documents(p_as) as h on h.run_id = t.run_id
    where t.ended_at >= v_start
  ) as a on a.place = b.place
  group by b.place
  order by b.place;
end
$$;

comment on function graphdb.backlog_history(interval, integer, text[]) is
  'For each of the last p_buckets intervals, oldest first, return the number of completed phases, of failures (including expired leases), and of chunks in the runs that were embedded. '
  'Every interval has a row, and the last one ends now. TB001: bad interval or number.';
revoke all on function graphdb.backlog_history(interval, integer, text[]) from public;
