-- Describe the models: the number of vectors, the runs that were last embedded with each, the approximate size of vectors
-- and index on disk in bytes, and which model is served. Vectors of documents that the caller may not read do not count.
create or replace function graphdb.describe_models()
returns table (
  model text, provider text, dimension integer, vectors bigint, runs bigint, bytes bigint, is_served boolean, created_at timestamptz)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with counted as (
    select e.model_id, count(*) as vectors
    from graphdb.embeddings as e
    where (select graphdb._processes_runs()) or graphdb._is_readable_input(e.input_sha256)
    group by e.model_id
  ), sized as (
    -- The table contains the vectors of all models, so its size is divided among them.
    -- This size would reveal the number of vectors that the caller may not count. If the caller may not count all vectors,
    -- only the size of the numbers in the other vectors is returned.
    select case when (select graphdb._processes_runs())
             then pg_table_size('graphdb.embeddings')::numeric / greatest(sum(c.vectors * m.dimension), 1)
             else 4 end as bytes_of_a_number
    from counted as c
    join graphdb.embedding_models as m on m.model_id = c.model_id
  )
  select m.model, m.provider, m.dimension, coalesce(c.vectors, 0),
         (select count(*) from graphdb.processed_runs as r where r.embedding_model = m.model),
         (coalesce(c.vectors, 0) * m.dimension * coalesce(s.bytes_of_a_number, 0))::bigint
           + case when (select graphdb._processes_runs()) then coalesce(pg_relation_size(to_regclass(graphdb._vector_index(m.model_id, false))), 0)
                                                            + coalesce(pg_relation_size(to_regclass(graphdb._vector_index(m.model_id, true))), 0) else 0 end,
         m.is_served, m.created_at
  from graphdb.embedding_models as m
  left join counted as c on c.model_id = m.model_id
  cross join sized as s
  order by m.is_served desc, m.model
$$;

comment on function graphdb.describe_models() is
  'Describe the models, the served model first: the number of vectors, the number of runs that were last embedded with each, and the approximate size of vectors and index on disk in bytes.';
revoke all on function graphdb.describe_models() from public;
