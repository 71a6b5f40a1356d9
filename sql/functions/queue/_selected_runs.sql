-- Return at most p_max_runs runs that a filter selects, after p_after in the order of run_id. This is one step of a larger
-- operation. With p_lock, lock the runs until the transaction ends.
create or replace function graphdb._selected_runs(p_filter jsonb, p_after text, p_max_runs integer, p_lock boolean)
returns graphdb.processed_runs[]
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit constant integer := graphdb._filter_limit(p_filter);
  v_selected graphdb.processed_runs[];
begin
  if p_lock then
    perform graphdb._check_isolation();
  end if;
  if p_max_runs < greatest(1, v_limit) then
    raise exception 'a step of % runs is too small', p_max_runs
      using errcode = 'TB001', hint = 'Pass p_max_runs of at least 1. If the filter has a limit, p_max_runs must not be smaller, because the limit applies to all steps together.';
  end if;
  execute
    'select array_agg(s order by s.run_id) from (select r.* from graphdb.processed_runs as r where r.run_id > $1 and '
    || graphdb._filter_condition(p_filter) || ' order by r.run_id limit $2'
    || case when p_lock then ' for no key update' else '' end || ') as s'
    into v_selected using p_after, least(p_max_runs, v_limit);
  return v_selected;
end
$$;

comment on function graphdb._selected_runs(jsonb, text, integer, boolean) is
  'Return at most p_max_runs runs that a filter selects, after p_after in the order of run_id. With p_lock, lock the runs. '
  'TB001: bad filter, or p_max_runs is too small.';
revoke all on function graphdb._selected_runs(jsonb, text, integer, boolean) from public;
