-- Pause selected runs. Workers cannot claim them until resume_runs is called, even after a reset, a retry or a change of their
-- documents. A worker that holds a run finishes its phase. If a run is already paused, it gets the new reason. With p_dry_run, the
-- runs are only counted. If p_max_runs is set, repeat the call with p_after = last_run_id until last_run_id is null.
create or replace function graphdb.pause_runs(
  p_filter jsonb,
  p_reason text default null,
  p_dry_run boolean default false,
  p_max_runs integer default null,
  p_after text default '')
returns table (matched bigint, paused bigint, unchanged bigint, last_run_id text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := graphdb.clock();
  v_reason constant text := nullif(graphdb._check_name('the reason of a pause', p_reason, 1024), '');
  v_matched graphdb.processed_runs[];
  v_paused text[];
begin
  perform graphdb._require_filter(p_filter);
  if num_nulls(p_dry_run, p_after) > 0 then
    raise exception 'p_dry_run and p_after cannot be null'
      using errcode = 'TB001', hint = 'Omit a parameter to use its default.';
  end if;
  v_matched := coalesce(graphdb._selected_runs(p_filter, p_after, p_max_runs, not p_dry_run), '{}');
  v_paused := array(
    select (u).run_id from unnest(v_matched) as u where (u).paused_at is null or (u).pause_reason is distinct from v_reason);
  matched := cardinality(v_matched);
  paused := cardinality(v_paused);
  unchanged := matched - paused;
  last_run_id := (v_matched[p_max_runs]).run_id;
  if not p_dry_run then
    -- While a worker holds the run, updated_at is its last heartbeat.
    update graphdb.processed_runs as r
    set paused_at = coalesce(r.paused_at, v_now), pause_reason = v_reason,
        updated_at = case when r.claim_expires_at is null then v_now else r.updated_at end
    where r.run_id = any (v_paused);
  end if;
  return next;
end
$$;

comment on function graphdb.pause_runs(jsonb, text, boolean, integer, text) is
  'Pause selected runs. Workers cannot claim them until resume_runs is called, even after a reset or a retry. A worker that holds a run finishes its phase. '
  'With p_dry_run, the runs are only counted. If p_max_runs is set, repeat the call with p_after = last_run_id until last_run_id is null. '
  'The filter ''{}'' selects all runs. TB001: bad filter or reason.';
revoke all on function graphdb.pause_runs(jsonb, text, boolean, integer, text) from public;
