-- End a claim because the work failed, and charge the attempt. The run is due again after p_retry_after (null: a back-off
-- that doubles). If p_permanent is set or no attempts are left, the run is failed until it is retried.
create or replace function graphdb.fail_run(
  p_run_id text,
  p_claim_token bigint,
  p_error text,
  p_retry_after interval default null,
  p_permanent boolean default false)
returns graphdb.processed_runs
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run graphdb.processed_runs := graphdb._locked_claim(p_run_id, p_claim_token);
  v_error text := coalesce(nullif(left(p_error, 4000), ''), 'no reason given');
begin
  if p_retry_after < interval '0' or p_retry_after > interval '30 days' then
    raise exception 'a pause of % is out of range', p_retry_after
      using errcode = 'TB001', hint = 'Pass an interval from 0 to 30 days, or null for the default back-off.';
  end if;
  perform graphdb._record_attempt(v_run, 'failed', v_error);
  return graphdb._charge_attempt(
    v_run, v_error, nullif(coalesce(p_retry_after, graphdb._backoff(v_run.attempts + 1)), interval '0'), coalesce(p_permanent, false));
end
$$;

comment on function graphdb.fail_run(text, bigint, text, interval, boolean) is
  'End a claim because the work failed, and charge the attempt. '
  'The run is due again after p_retry_after (null: 10 s, doubling up to 15 minutes). '
  'It is failed if p_permanent is set or no attempts are left. TB002: claim lost. TB004: no such run.';
revoke all on function graphdb.fail_run(text, bigint, text, interval, boolean) from public;
