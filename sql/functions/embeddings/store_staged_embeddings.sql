-- Call store_embeddings for the rows in the session's staged_embeddings, and empty that table.
-- Returns the number of new vectors.
create or replace function graphdb.store_staged_embeddings(p_claim_token bigint, p_model text)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model graphdb.embedding_models := graphdb._model(p_model);
  v_bad text;
  v_stored integer;
begin
  perform graphdb._check_staging('staged_embeddings');
  perform graphdb._lock_embedding_claim(p_claim_token);

  select graphdb._vector_fault(s.embedding, v_model.dimension) into v_bad
  from pg_temp.staged_embeddings as s
  where graphdb._vector_fault(s.embedding, v_model.dimension) is not null
  limit 1;
  perform graphdb._refuse_vector(v_bad, v_model);

  select graphdb._replace_vectors(v_model.model_id, array_agg(s.input_sha256), array_agg(s.embedding)) into v_stored
  from pg_temp.staged_embeddings as s;
  truncate pg_temp.staged_embeddings;
  return v_stored;
end
$$;

comment on function graphdb.store_staged_embeddings(bigint, text) is
  'Call store_embeddings for the rows that the session copied into staged_embeddings, and empty that table. '
  'Returns the number of new vectors. TB001: wrong dimension, all zero, or no such model. TB002: claim lost.';
revoke all on function graphdb.store_staged_embeddings(bigint, text) from public;
