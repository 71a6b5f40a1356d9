-- What is wrong with a vector under a model, or null. (A vector with NaN or infinity cannot exist: pgvector refuses it.)
create or replace function graphdb._vector_fault(p_embedding vector, p_model graphdb.embedding_models)
returns text
language sql
immutable
parallel safe
as $$
  select case
    when p_embedding is null then 'null'
    when vector_dims(p_embedding) <> (p_model).dimension then format('%s dimensions', vector_dims(p_embedding))
    when vector_norm(p_embedding) = 0 then 'only zeros'
  end
$$;

comment on function graphdb._vector_fault(vector, graphdb.embedding_models) is 'What is wrong with a vector under a model, or null.';
revoke all on function graphdb._vector_fault(vector, graphdb.embedding_models) from public;
