-- Return the runs that a filter selects, newest first. Documents that the caller, or p_as, may not read do not count.
create or replace function graphdb.list_runs(p_filter jsonb default null, p_as text[] default null)
returns setof graphdb.processed_runs
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query execute
    'select s.*
     from (select r.* from graphdb.processed_runs as r where ' || graphdb._filter_condition(p_filter) || '
           order by r.normalized_at desc, r.run_id limit $1) as r
     left join graphdb._hidden_documents($2) as h on h.run_id = r.run_id
     cross join lateral graphdb._without_hidden(r, h.documents, h.chunks) as s
     order by s.normalized_at desc, s.run_id'
    using graphdb._filter_limit(p_filter), p_as;
end
$$;

comment on function graphdb.list_runs(jsonb, text[]) is
  'Return the runs that a filter selects, newest first. Documents that the caller, or p_as, may not read do not count. '
  'If a run has such documents, its errors are omitted. TB001: bad filter.';
revoke all on function graphdb.list_runs(jsonb, text[]) from public;
