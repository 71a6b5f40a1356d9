-- Queue embedded runs again if they were made with another model or other chunk sizes. A null size is ignored. A search
-- shows the old versions until the runs are embedded again. One step queues at most p_max_runs runs: call again until it
-- returns 0. With p_dry_run, the runs are only counted.
create or replace function graphdb.requeue_runs(
  p_model text,
  p_max_tokens integer default null,
  p_min_tokens integer default null,
  p_overlap_tokens integer default null,
  p_max_runs integer default null,
  p_dry_run boolean default false)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run_ids text[];
begin
  select array_agg(s.run_id)
  into v_run_ids
  from (
    select r.run_id
    from graphdb.processed_runs as r
    -- Workers describe how they make chunks as version/max_tokens/min_tokens/overlap_tokens/model.
    cross join lateral (select string_to_array(r.chunking, '/') as sizes) as c
    where r.status = 'embedded'
      and (r.embedding_model <> p_model
           or c.sizes[2] <> p_max_tokens::text
           or c.sizes[3] <> least(p_min_tokens, p_max_tokens)::text
           or c.sizes[4] <> p_overlap_tokens::text)
    order by r.normalized_at, r.run_id
    limit p_max_runs
  ) as s;
  if v_run_ids is null then
    return 0;
  end if;
  if not p_dry_run then
    perform graphdb.reset_runs(jsonb_build_object('run_ids', to_jsonb(v_run_ids)), 'processed');
  end if;
  return cardinality(v_run_ids);
end
$$;

comment on function graphdb.requeue_runs(text, integer, integer, integer, integer, boolean) is
  'Queue embedded runs again if they were made with another model or other chunk sizes (null: any size). '
  'A search shows the old versions until the runs are embedded again. Returns the number of runs. '
  'With p_max_runs, call again until it returns 0. With p_dry_run, the runs are only counted.';
revoke all on function graphdb.requeue_runs(text, integer, integer, integer, integer, boolean) from public;
