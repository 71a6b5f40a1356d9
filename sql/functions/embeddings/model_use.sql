-- Return the registered models with the number of vectors, the number of vectors with a wrong dimension, and the number
-- of runs that were last embedded with the model. Vectors of documents that the caller may not read do not count.
create or replace function graphdb.model_use()
returns table (model text, dimension integer, vectors bigint, wrong_dimension bigint, runs bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select m.model, m.dimension, coalesce(e.vectors, 0), coalesce(e.wrong_dimension, 0),
         (select count(*) from graphdb.processed_runs as r where r.embedding_model = m.model)
  from graphdb.embedding_models as m
  left join (
    select v.model_id, count(*) as vectors, count(*) filter (where graphdb._vector_fault(v.embedding, d.dimension) like '% dimensions') as wrong_dimension
    from graphdb.embeddings as v
    join graphdb.embedding_models as d on d.model_id = v.model_id
    where (select graphdb._processes_runs()) or graphdb._is_readable_input(v.input_sha256)
    group by v.model_id
  ) as e on e.model_id = m.model_id
  order by m.model
$$;

comment on function graphdb.model_use() is
  'Return the registered models with the number of vectors, the number of vectors with a wrong dimension (0 unless the table was written to directly), and the number of runs that were last embedded with the model.';
revoke all on function graphdb.model_use() from public;
