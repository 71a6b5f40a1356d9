-- Write the vectors of texts, some of which already have a vector. A text keeps its vector unless a reset marked the vector
-- as stale. Returns the number of written vectors.
create or replace function graphdb._replace_vectors(p_model_id integer, p_input_sha256 bytea[], p_embeddings @extschema:vector@.vector[])
returns integer
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_replaced integer;
  v_inserted integer;
  v_restricted constant bytea[] := array(select graphdb._restricted_inputs(p_input_sha256));
begin
  -- All transactions use the same order. Otherwise, two batches with common texts could deadlock.
  perform from graphdb.stale_embeddings as s
  where s.model_id = p_model_id and s.input_sha256 = any (p_input_sha256)
  order by s.input_sha256
  for update;
  with renewed as (
    delete from graphdb.stale_embeddings as s
    where s.model_id = p_model_id and s.input_sha256 = any (p_input_sha256)
    returning s.input_sha256
  )
  update graphdb.embeddings as e
  set embedding = i.embedding
  from renewed as r
  join unnest(p_input_sha256, p_embeddings) as i (input_sha256, embedding) on i.input_sha256 = r.input_sha256
  where e.model_id = p_model_id and e.input_sha256 = r.input_sha256;
  get diagnostics v_replaced = row_count;
  insert into graphdb.embeddings (model_id, input_sha256, embedding, is_restricted)
  select p_model_id, i.input_sha256, i.embedding, i.input_sha256 = any (v_restricted)
  from unnest(p_input_sha256, p_embeddings) as i (input_sha256, embedding)
  order by i.input_sha256
  on conflict do nothing;
  get diagnostics v_inserted = row_count;
  return v_replaced + v_inserted;
end
$$;

comment on function graphdb._replace_vectors(integer, bytea[], @extschema:vector@.vector[]) is
  'Write the vectors of texts, some of which already have a vector. A text keeps its vector unless a reset marked the vector as stale. '
  'Returns the number of written vectors.';
revoke all on function graphdb._replace_vectors(integer, bytea[], @extschema:vector@.vector[]) from public;
