-- Release the claims of dead workers on selected runs. The runs are due at once, with new tokens, so that the old workers cannot write
-- any more. Claims of live workers are skipped and counted, unless p_force is set. With p_charge, the attempt is charged, as for an
-- expired lease. With p_dry_run, the claims are only counted. If p_max_runs is set, repeat the call with p_after = last_run_id until
-- last_run_id is null.
create or replace function graphdb.release_claims(
  p_filter jsonb,
  p_charge boolean default false,
  p_dry_run boolean default false,
  p_force boolean default false,
  p_max_runs integer default null,
  p_after text default '')
returns table (matched bigint, released bigint, unclaimed bigint, skipped bigint, last_run_id text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := graphdb.clock();
  v_matched graphdb.processed_runs[];
  v_run graphdb.processed_runs;
  v_error text;
begin
  perform graphdb._require_filter(p_filter);
  if num_nulls(p_charge, p_dry_run, p_force, p_after) > 0 then
    raise exception 'p_charge, p_dry_run, p_force and p_after cannot be null'
      using errcode = 'TB001', hint = 'Omit a parameter to use its default.';
  end if;
  v_matched := coalesce(graphdb._selected_runs(p_filter, p_after, p_max_runs, not p_dry_run), '{}');
  matched := cardinality(v_matched);
  released := 0;
  unclaimed := 0;
  skipped := 0;
  last_run_id := (v_matched[p_max_runs]).run_id;

  foreach v_run in array v_matched loop
    if v_run.claimed_by is null then
      unclaimed := unclaimed + 1;
    elsif graphdb._claim_state(v_run, v_now) = 'alive' and not p_force then
      skipped := skipped + 1;
    else
      released := released + 1;
      continue when p_dry_run;
      v_error := format('released by role %s, %s s after the last heartbeat',
        graphdb._caller(), greatest(0, extract(epoch from v_now - v_run.updated_at)::bigint));
      if p_charge then
        perform graphdb._record_attempt(v_run, 'expired', v_error);
        perform graphdb._charge_attempt(v_run, v_error, graphdb._backoff(v_run.attempts), false);
      else
        perform graphdb._release_claim(v_run, v_error);
      end if;
    end if;
  end loop;
  return next;
end
$$;

comment on function graphdb.release_claims(jsonb, boolean, boolean, boolean, integer, text) is
  'Release the claims of dead workers on selected runs. The runs are due at once, and the old workers cannot write any more. '
  'Claims of live workers are skipped unless p_force is set. '
  'With p_charge, the attempt is charged, as for an expired lease. With p_dry_run, the claims are only counted. '
  'If p_max_runs is set, repeat the call with p_after = last_run_id until last_run_id is null. TB001: bad filter, or null.';
revoke all on function graphdb.release_claims(jsonb, boolean, boolean, boolean, integer, text) from public;
