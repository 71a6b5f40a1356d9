-- Update the data that searches need after many changes: the full-text index, the statistics about rare words and
-- filters, the mean vectors of documents, the vocabulary that corrects typos, and which vectors are restricted. Without
-- this call, searches are slower and correct fewer typos, but otherwise return the same results. Autovacuum updates the
-- first two later.
create or replace function graphdb.refresh_search()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = error
as $$
begin
  perform gin_clean_pending_list('graphdb.ix_chunks_open_words'), gin_clean_pending_list('graphdb.ix_chunks_restricted_words');
  perform graphdb._store_document_vectors(), graphdb._extend_vocabulary();
  -- Exclude vectors, because the planner does not use their statistics, which take half of the time. Texts have no statistics.
  -- skip_locked excludes a table whose index is being built. Otherwise, both sessions would wait for each other.
  analyze (skip_locked) graphdb.processed_runs, graphdb.documents (run_id, doc_id, labels, meta, is_newest, is_searched, readers),
          graphdb.chunks, graphdb.embeddings (model_id, input_sha256, is_restricted);
  -- Do this last, because completions wait until the vectors have been moved.
  perform graphdb._restrict_vectors();
end
$$;

comment on function graphdb.refresh_search() is
  'Update the data that searches need after many changes: the full-text index, the statistics about rare words and filters, the mean vectors of documents, and the vocabulary that corrects typos.';
revoke all on function graphdb.refresh_search() from public;
