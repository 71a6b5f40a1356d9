-- Return the embedding models of the runs that a filter selects. The model with the most runs comes first.
create or replace function graphdb.list_models(p_filter jsonb default null)
returns table (model text, runs bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query execute
    'select r.embedding_model, count(*) from graphdb.processed_runs as r where r.status = ''embedded'' and '
    || graphdb._filter_condition(p_filter) || ' group by r.embedding_model order by count(*) desc, r.embedding_model';
end
$$;

comment on function graphdb.list_models(jsonb) is
  'Return the embedding models of the runs that a filter selects. The model with the most runs comes first. '
  'The limit of the filter is ignored. TB001: bad filter.';
revoke all on function graphdb.list_models(jsonb) from public;
