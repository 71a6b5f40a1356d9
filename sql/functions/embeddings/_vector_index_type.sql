-- Return the type in which a model's vectors are indexed and compared. This is halfvec if the index has that type, or if the
-- dimension is too large for vector. Null above 4,000 dimensions, because pgvector cannot index them.
create or replace function graphdb._vector_index_type(p_model graphdb.embedding_models)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select graphdb._vector_schema() || '.' || case
      when p_model.dimension > 4000 then 'vector'
      when p_model.dimension > 2000
        or pg_get_indexdef(coalesce(
             to_regclass(graphdb._vector_index(p_model.model_id, false)),
             to_regclass(format('graphdb.ix_embeddings_hnsw_%s', p_model.model_id)))) like '%halfvec%' then 'halfvec'
      else 'vector'
    end || format('(%s)', p_model.dimension)
$$;

comment on function graphdb._vector_index_type(graphdb.embedding_models) is
  'Return the type in which the vectors of a model are indexed and compared, for example public.vector(384). '
  'Null above 4,000 dimensions, because pgvector cannot index them.';
revoke all on function graphdb._vector_index_type(graphdb.embedding_models) from public;
