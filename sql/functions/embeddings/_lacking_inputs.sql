-- Return the texts that need a vector under a model before it can be served. These are the current texts of the documents
-- that a search finds by vector under the served model. Documents that no search finds by vector yet do not delay a
-- switch.
create or replace function graphdb._lacking_inputs(p_model_id integer)
returns setof bytea
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select distinct c.input_sha256
  from graphdb.documents as d
  join graphdb.chunks as c on c.run_id = d.run_id and c.doc_id = d.doc_id and c.revision = d.revision
  where d.is_current
    and not exists (
      select from graphdb.embeddings as e
      where e.model_id = p_model_id and e.input_sha256 = c.input_sha256
        and not exists (
          select from graphdb.stale_embeddings as s where s.model_id = e.model_id and s.input_sha256 = e.input_sha256))
    and exists (
      select from graphdb.documents as o
      join graphdb.chunks as k on k.run_id = o.run_id and k.doc_id = o.doc_id and k.revision = o.revision
      join graphdb.embedding_models as m on m.is_served
      join graphdb.embeddings as e on e.model_id = m.model_id and e.input_sha256 = k.input_sha256
      where o.run_id = d.run_id and o.doc_id = d.doc_id and o.is_searched)
$$;

comment on function graphdb._lacking_inputs(integer) is
  'Return the texts that need a vector under a model before the model can be served. These are the current texts of the documents that a search finds by vector under the served model.';
revoke all on function graphdb._lacking_inputs(integer) from public;
