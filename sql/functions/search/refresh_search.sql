-- Bring search up to date after much was written: the index of the full text, the statistics that say how rare a word is and how much
-- a filter lets pass, the mean vectors of documents, and the words that typing errors are corrected by. Without it a search finds the
-- same, except for typing errors, and takes longer. Autovacuum does the first two, later.
create or replace function graphdb.refresh_search()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = error
as $$
begin
  perform gin_clean_pending_list('graphdb.ix_chunks_search');
  perform graphdb._store_document_vectors(), graphdb._extend_vocabulary();
  -- Not the texts and vectors themselves, which nothing is planned by and which take half of the time.
  -- What an index is just being built on is left out: both would wait for each other.
  analyze (skip_locked) graphdb.processed_runs, graphdb.documents (run_id, doc_id, labels, meta, is_newest, is_searched),
          graphdb.chunks (run_id, doc_id, ord, input_sha256, search_vector), graphdb.embeddings (model_id, input_sha256);
end
$$;

comment on function graphdb.refresh_search() is
  'Bring search up to date after much was written: the index of the full text, the statistics that it plans and weighs words by, the mean vectors of documents, and the words that typing errors are corrected by.';
revoke all on function graphdb.refresh_search() from public;
