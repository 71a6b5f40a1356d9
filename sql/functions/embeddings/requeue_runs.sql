-- Queue embedded runs again if they lack vectors under a model, or if the sizes of their chunks differ from the given
-- sizes. A null size is ignored. If a run was embedded with this model before and its documents have not changed since,
-- its chunks at that time are used. Searches return the old versions until the runs are embedded again. Each call
-- queues at most p_max_runs runs. Call again until it returns 0. With p_dry_run, the runs are only counted.
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
  -- The model may be unregistered. Then every text lacks a vector.
  v_model_id constant integer := coalesce((select m.model_id from graphdb.embedding_models as m where m.model = p_model), 0);
  v_run_ids text[];
begin
  if p_model is null or p_dry_run is null then
    raise exception 'p_model and p_dry_run must not be null' using errcode = 'TB001', hint = 'Pass the name of a model, and true or false.';
  end if;
  if least(p_max_tokens, p_min_tokens, p_overlap_tokens) < 0 then
    raise exception 'a size of % tokens is out of range', least(p_max_tokens, p_min_tokens, p_overlap_tokens)
      using errcode = 'TB001', hint = 'Pass a number of at least 0, or null for any size.';
  end if;
  if p_max_runs is not null then
    perform graphdb._check_limit(p_max_runs);
  end if;
  select array_agg(s.run_id)
  into v_run_ids
  from (
    select r.run_id
    from graphdb.processed_runs as r
    -- Workers describe how they make chunks as version/max_tokens/min_tokens/overlap_tokens/model.
    cross join lateral (
      select string_to_array(case when r.embedding_model <> p_model then coalesce(r.chunkings ->> p_model, r.chunking) else r.chunking end, '/') as sizes
    ) as c
    where r.status = 'embedded'
      and (r.run_id in (select l.run_id from graphdb._missing_inputs(v_model_id) as l)
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
    update graphdb.processed_runs as r
    set chunkings = r.chunkings || jsonb_build_object(r.embedding_model, r.chunking)
    where r.run_id = any (v_run_ids) and r.status = 'embedded' and r.embedding_model <> p_model and r.chunking is not null;
    perform graphdb.reset_runs(jsonb_build_object('run_ids', to_jsonb(v_run_ids)), 'processed');
  end if;
  return cardinality(v_run_ids);
end
$$;

comment on function graphdb.requeue_runs(text, integer, integer, integer, integer, boolean) is
  'Queue embedded runs again if they lack vectors under a model, or if the sizes of their chunks differ from the given sizes (null: any size). '
  'A search shows the old versions until the runs are embedded again. Returns the number of runs. '
  'With p_max_runs, call again until it returns 0. With p_dry_run, the runs are only counted. TB001: bad argument.';
revoke all on function graphdb.requeue_runs(text, integer, integer, integer, integer, boolean) from public;
