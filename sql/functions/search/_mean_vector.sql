-- Return the mean of the vectors that the chunks of a document have under a model. A search needs it only for documents
-- whose mean vector is not stored yet (graphdb._store_document_vectors).
create or replace function graphdb._mean_vector(p_model_id integer, p_run_id text, p_doc_id text, p_revision integer)
returns @extschema:vector@.vector
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select @extschema:vector@.avg(e.embedding)
    from graphdb.chunks as c
    join graphdb.embeddings as e on e.model_id = p_model_id and e.input_sha256 = c.input_sha256
    where c.run_id = p_run_id and c.doc_id = p_doc_id and c.revision = p_revision);
end
$$;

comment on function graphdb._mean_vector(integer, text, text, integer) is
  'Return the mean of the vectors that the chunks of a document have under a model.';
revoke all on function graphdb._mean_vector(integer, text, text, integer) from public;
