-- Resume selected runs that are paused, and wake waiting workers. With p_dry_run, the runs are only counted. If p_max_runs is
-- set, repeat the call with p_after = last_run_id until last_run_id is null.
create or replace function graphdb.resume_runs(
  p_filter jsonb,
  p_dry_run boolean default false,
  p_max_runs integer default null,
  p_after text default '')
returns table (matched bigint, resumed bigint, unchanged bigint, last_run_id text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := graphdb.clock();
  v_matched graphdb.processed_runs[];
  v_resumed text[];
begin
  perform graphdb._require_filter(p_filter);
  if num_nulls(p_dry_run, p_after) > 0 then
    raise exception 'p_dry_run and p_after cannot be null'
      using errcode = 'TB001', hint = 'Omit a parameter to use its default.';
  end if;
  v_matched := coalesce(graphdb._selected_runs(p_filter, p_after, p_max_runs, not p_dry_run), '{}');
  v_resumed := array(select (u).run_id from unnest(v_matched) as u where (u).paused_at is not null);
  matched := cardinality(v_matched);
  resumed := cardinality(v_resumed);
  unchanged := matched - resumed;
  last_run_id := (v_matched[p_max_runs]).run_id;
  if not p_dry_run and resumed > 0 then
    -- While a worker holds the run, updated_at is its last heartbeat.
    update graphdb.processed_runs as r
    set paused_at = null, pause_reason = null,
        updated_at = case when r.claim_expires_at is null then v_now else r.updated_at end
    where r.run_id = any (v_resumed);
    perform pg_notify('graphdb_backlog', 'chunk');
  end if;
  return next;
end
$$;

comment on function graphdb.resume_runs(jsonb, boolean, integer, text) is
  'Resume selected runs that are paused, and wake waiting workers. With p_dry_run, the runs are only counted. '
  'If p_max_runs is set, repeat the call with p_after = last_run_id until last_run_id is null. '
  'The filter ''{}'' selects all runs. TB001: bad filter.';
revoke all on function graphdb.resume_runs(jsonb, boolean, integer, text) from public;
