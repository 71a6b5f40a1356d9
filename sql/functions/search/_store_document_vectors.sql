-- Store the mean vector of each searched document under each model, if it is missing and all chunks of the document have a
-- vector. Delete the mean vectors of documents that are no longer searched.
create or replace function graphdb._store_document_vectors()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from graphdb.document_vectors as v
  using graphdb.documents as d
  where d.run_id = v.run_id and d.doc_id = v.doc_id and d.revision = v.revision and not d.is_searched;
  execute format(
    'insert into graphdb.document_vectors (model_id, run_id, doc_id, revision, embedding)
     select m.model_id, c.run_id, c.doc_id, c.revision, %1$s.avg(e.embedding)
     from graphdb.embedding_models as m
     cross join graphdb.documents as d
     join graphdb.chunks as c on c.run_id = d.run_id and c.doc_id = d.doc_id and c.revision = d.revision
     left join graphdb.embeddings as e on e.model_id = m.model_id and e.input_sha256 = c.input_sha256
     where d.is_searched
       and not exists (
         select from graphdb.document_vectors as v where v.model_id = m.model_id and v.run_id = d.run_id and v.doc_id = d.doc_id and v.revision = d.revision)
     group by m.model_id, c.run_id, c.doc_id, c.revision
     having count(e.embedding) = count(*) and %1$s.vector_norm(%1$s.avg(e.embedding)) > 0
     on conflict do nothing', graphdb._vector_schema());
end
$$;

comment on function graphdb._store_document_vectors() is
  'Store the mean vector of each searched document under each model, if it is missing and all chunks of the document have a vector. '
  'Delete the mean vectors of documents that are no longer searched.';
revoke all on function graphdb._store_document_vectors() from public;
