-- The models that have vectors enough to be worth an index and no valid one, each with the statements that make it. They
-- build concurrently, so that searches and workers go on, and therefore cannot run in a function; p_halfvec stores halves
-- of numbers. may_build: the caller owns the table.
create or replace function graphdb.missing_vector_indexes(p_halfvec boolean default false)
returns table (model text, index_name text, vectors bigint, statements text[], memory_kb integer, may_build boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Fewer are compared in a few milliseconds one by one, and exactly.
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
    -- What a build that was cut short left is in the way.
    statements := array[
      format('drop index concurrently if exists graphdb.%s', index_name),
      format(
        'create index concurrently %1$s on graphdb.embeddings using hnsw ((embedding::%2$s.%3$s(%4$s)) %2$s.%3$s_cosine_ops) where model_id = %5$s',
        index_name, graphdb._vector_schema(), v_type, v_model.dimension, v_model.model_id)];
    -- The graph is built in memory: the numbers, and some 300 bytes of neighbors for each vector.
    memory_kb := least(greatest(vectors * (4 * v_model.dimension + 300) / 1000, 65536), 2000000);
    may_build := (select pg_has_role(graphdb._caller(), c.relowner, 'usage') from pg_class as c where c.oid = 'graphdb.embeddings'::regclass);
    return next;
  end loop;
end
$$;

comment on function graphdb.missing_vector_indexes(boolean) is
  'The models that have 5,000 vectors or more and no valid HNSW index, each with the statements that make it (concurrently, so run them one by one outside a transaction), '
  'the maintenance_work_mem that the build wants, and whether the caller may. p_halfvec stores halves of numbers.';
revoke all on function graphdb.missing_vector_indexes(boolean) from public;
