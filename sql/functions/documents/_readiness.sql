-- Return how searchable a revision of a document is: 2 by its words and by vectors of the served model, 1 only by its
-- words, 0 not at all. A run that was registered or reset keeps its existing chunks and vectors.
create or replace function graphdb._readiness(p_run graphdb.processed_runs, p_document graphdb.documents)
returns integer
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_run.embed_completed_at is not null and p_document.is_current
      and exists (select from graphdb.embedding_models as m where m.is_served and m.model = p_run.embedding_model) then 2
    when not exists (
      select from graphdb.chunks as c
      where c.run_id = p_document.run_id and c.doc_id = p_document.doc_id and c.revision = p_document.revision)
      then (p_run.chunk_completed_at is not null and p_document.is_current)::integer
    when exists (
      select from graphdb.chunks as c
      where c.run_id = p_document.run_id and c.doc_id = p_document.doc_id and c.revision = p_document.revision
        and not exists (
          select from graphdb.embedding_models as m
          join graphdb.embeddings as e on e.model_id = m.model_id and e.input_sha256 = c.input_sha256
          where m.is_served))
      then 1
    else 2
  end
$$;

comment on function graphdb._readiness(graphdb.processed_runs, graphdb.documents) is
  'Return how searchable a revision of a document is: 2 by its words and by vectors of the served model, 1 only by its words, 0 not at all.';
revoke all on function graphdb._readiness(graphdb.processed_runs, graphdb.documents) from public;
