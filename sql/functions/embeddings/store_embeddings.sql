-- Write the vectors of texts under a claim. p_embeddings[i] is the vector of the text with hash p_input_sha256[i]. A text that
-- already has a vector under the model keeps it, unless a reset marked it as stale. Returns the number of written vectors.
create or replace function graphdb.store_embeddings(
  p_claim_token bigint,
  p_model text,
  p_input_sha256 bytea[],
  p_embeddings @extschema:vector@.vector[])
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model graphdb.embedding_models := graphdb._model(p_model);
  v_bad text;
  v_restricted bytea[];
  v_stored integer;
begin
  if cardinality(p_input_sha256) is distinct from cardinality(p_embeddings) then
    raise exception 'got % hashes but % vectors', coalesce(cardinality(p_input_sha256), 0), coalesce(cardinality(p_embeddings), 0)
      using errcode = 'TB001', hint = 'Pass one vector for each hash.';
  end if;
  perform graphdb._lock_embedding_claim(p_claim_token);

  select graphdb._vector_fault(i.embedding, v_model.dimension) into v_bad
  from unnest(p_embeddings) as i (embedding)
  where graphdb._vector_fault(i.embedding, v_model.dimension) is not null
  limit 1;
  perform graphdb._refuse_vector(v_bad, v_model);

  v_restricted := array(select graphdb._restricted_inputs(p_input_sha256));
  -- All transactions use the same order. Otherwise, two batches with common texts could deadlock.
  -- The first attempt does not check for conflicts, because the check takes a quarter longer, and conflicts occur only if
  -- another worker embeds the same texts at the same time.
  begin
    insert into graphdb.embeddings (model_id, input_sha256, embedding, is_restricted)
    select v_model.model_id, i.input_sha256, i.embedding, i.input_sha256 = any (v_restricted)
    from unnest(p_input_sha256, p_embeddings) as i (input_sha256, embedding)
    order by i.input_sha256;
    get diagnostics v_stored = row_count;
    return v_stored;
  exception when unique_violation then
    return graphdb._replace_vectors(v_model.model_id, p_input_sha256, p_embeddings);
  end;
end
$$;

comment on function graphdb.store_embeddings(bigint, text, bytea[], @extschema:vector@.vector[]) is
  'Write the vectors of texts under a claim. p_embeddings[i] is the vector of the text with hash p_input_sha256[i]. '
  'A text that already has a vector keeps it, unless a reset marked it as stale. Returns the number of written vectors. '
  'TB001: wrong dimension, all zero, unequal lengths, or no such model. TB002: claim lost.';
revoke all on function graphdb.store_embeddings(bigint, text, bytea[], @extschema:vector@.vector[]) from public;
