-- Return the runs that a filter selects, newest first.
create or replace function graphdb.list_runs(p_filter jsonb default null)
returns setof graphdb.processed_runs
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query execute
    'select r.* from graphdb.processed_runs as r where ' || graphdb._filter_condition(p_filter) ||
    ' order by r.normalized_at desc, r.run_id limit $1'
    using graphdb._filter_limit(p_filter);
end
$$;

comment on function graphdb.list_runs(jsonb) is
  'Return the runs that a filter selects, newest first. TB001: bad filter.';
revoke all on function graphdb.list_runs(jsonb) from public;
