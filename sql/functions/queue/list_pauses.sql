-- For each reason, return the number of paused runs that wait, the time of the first pause, and one run. The oldest
-- pause comes first.
create or replace function graphdb.list_pauses(p_filter jsonb default null)
returns table (reason text, runs bigint, since timestamptz, sample_run_id text)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query execute
    'select r.pause_reason, count(*), min(r.paused_at), min(r.run_id)
     from graphdb.processed_runs as r
     where r.paused_at is not null and r.status in (''normalized'', ''chunked'', ''reset'') and ' || graphdb._filter_condition(p_filter) || '
     group by r.pause_reason
     order by 3, 1
     limit $1'
    using graphdb._filter_limit(p_filter);
end
$$;

comment on function graphdb.list_pauses(jsonb) is
  'For each reason, return the number of paused runs that wait, the time of the first pause, and one run. The oldest pause comes first. '
  'TB001: bad filter.';
revoke all on function graphdb.list_pauses(jsonb) from public;
