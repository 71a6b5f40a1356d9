-- Delete the history of claims that ended more than p_older_than ago, and return their number. With p_dry_run, the claims are
-- only counted.
create or replace function graphdb.prune_attempts(p_older_than interval, p_dry_run boolean default false)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_before timestamptz;
  v_count bigint;
begin
  if p_older_than is null or p_older_than not between interval '0' and interval '1000 years' or p_dry_run is null then
    raise exception 'an age of % is out of range', coalesce(p_older_than::text, 'null')
      using errcode = 'TB001', hint = 'Pass an interval such as ''90 days'', and true or false for p_dry_run.';
  end if;
  v_before := graphdb.clock() - p_older_than;
  if p_dry_run then
    return (select count(*) from graphdb.run_attempts as a where a.ended_at < v_before);
  end if;
  delete from graphdb.run_attempts as a where a.ended_at < v_before;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function graphdb.prune_attempts(interval, boolean) is
  'Delete the history of claims that ended more than p_older_than ago, and return their number. With p_dry_run, the claims are only counted. '
  'TB001: bad argument.';
revoke all on function graphdb.prune_attempts(interval, boolean) from public;
