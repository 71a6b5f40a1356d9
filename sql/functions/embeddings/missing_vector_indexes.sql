-- Return the models that have enough vectors for an index but no valid index, with the statements that create it.
-- The statements build the index concurrently, so that searches and workers can continue. Therefore they cannot run in
-- a function. p_halfvec selects an index with 16-bit floats. may_build is true if the caller owns the table.
create or replace function graphdb.missing_vector_indexes(p_halfvec boolean default false)
returns table (model text, index_name text, vectors bigint, statements text[], memory_kb integer, may_build boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  -- If there are fewer vectors, a search can compare them exactly in a few milliseconds.
  v_least constant bigint := 5000;
  v_type text;
  v_model graphdb.embedding_models;
begin
  for v_model in
    select m.* from graphdb.embedding_models as m where m.dimension <= 4000 order by m.model_id
  loop
    model := v_model.model;
    index_name := format('ix_embeddings_hnsw_%s', v_model.model_id);
    continue when exists (
      select from pg_index as i where i.indexrelid = to_regclass('graphdb.' || index_name) and i.indisvalid);
    select count(*) into vectors from graphdb.embeddings as e where e.model_id = v_model.model_id;
    continue when vectors < v_least;

    v_type := case when p_halfvec or v_model.dimension > 2000 then 'halfvec' else 'vector' end;
    -- The invalid index of an interrupted build must be dropped first.
    statements := array[
      format('drop index concurrently if exists graphdb.%s', index_name),
      format(
        'create index concurrently %1$s on graphdb.embeddings using hnsw ((embedding::%2$s.%3$s(%4$s)) %2$s.%3$s_cosine_ops) where model_id = %5$s',
        index_name, graphdb._vector_schema(), v_type, v_model.dimension, v_model.model_id)];
    -- The graph is built in memory, and needs the vectors and about 300 bytes of neighbors for each of them.
    memory_kb := least(greatest(vectors * (4 * v_model.dimension + 300) / 1000, 65536), 2000000);
    may_build := (select pg_has_role(graphdb._caller(), c.relowner, 'usage') from pg_class as c where c.oid = 'graphdb.embeddings'::regclass);
    return next;
  end loop;
end
$$;

comment on function graphdb.missing_vector_indexes(boolean) is
  'Return the models that have at least 5,000 vectors but no valid HNSW index, with the statements that create it, the maintenance_work_mem for the build, and whether the caller may build it. '
  'The statements build the index concurrently, so run them one by one, outside of a transaction. p_halfvec selects an index with 16-bit floats.';
revoke all on function graphdb.missing_vector_indexes(boolean) from public;
