-- Change the priority of a run. Runs with a higher priority are claimed first. Returns the run after the change. With
-- p_dry_run, returns the run as it would be, but changes nothing.
create or replace function graphdb.set_priority(p_run_id text, p_priority integer, p_dry_run boolean default false)
returns graphdb.processed_runs
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run graphdb.processed_runs;
begin
  if p_priority is null or p_priority not between -32768 and 32767 then
    raise exception 'a priority must be a whole number from -32768 to 32767, not %', coalesce(p_priority::text, 'null')
      using errcode = 'TB001', hint = 'The default priority is 0.';
  end if;
  select r.* into v_run from graphdb.processed_runs as r where r.run_id = p_run_id for no key update;
  if not found then
    raise exception 'no run "%"', p_run_id
      using errcode = 'TB004', hint = 'To list the runs: select * from graphdb.list_runs().';
  end if;
  v_run.priority := p_priority;
  if p_dry_run then
    return v_run;
  end if;
  -- If a worker holds the run, updated_at is the time of its last heartbeat and must not change.
  update graphdb.processed_runs as r
  set priority = p_priority,
      updated_at = case when r.claim_expires_at is null then graphdb.clock() else r.updated_at end
  where r.run_id = p_run_id;
  return v_run;
end
$$;

comment on function graphdb.set_priority(text, integer, boolean) is
  'Change the priority of a run. Runs with a higher priority are claimed first. '
  'Returns the run after the change. With p_dry_run, returns the run as it would be, but changes nothing. TB001: bad priority. TB004: no such run.';
revoke all on function graphdb.set_priority(text, integer, boolean) from public;
