-- How well a version of a document can be found: 2 by vectors and words, 1 by words, 0 not at all. A run that was registered
-- or reset anew keeps what is still there of its chunks and vectors.
create or replace function graphdb._readiness(p_run graphdb.processed_runs, p_doc_id text)
returns integer
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_run.embed_completed_at is not null then 2
    when not exists (select from graphdb.chunks as c where c.run_id = p_run.run_id and c.doc_id = p_doc_id)
      then (p_run.chunk_completed_at is not null)::integer
    when exists (
      select from graphdb.chunks as c
      where c.run_id = p_run.run_id and c.doc_id = p_doc_id
        and not exists (
          select from graphdb.embedding_models as m
          join graphdb.embeddings as e on e.model_id = m.model_id and e.input_sha256 = c.input_sha256))
      then 1
    else 2
  end
$$;

comment on function graphdb._readiness(graphdb.processed_runs, text) is
  'How well a version of a document can be found: 2 by vectors and words, 1 by words, 0 not at all.';
revoke all on function graphdb._readiness(graphdb.processed_runs, text) from public;
