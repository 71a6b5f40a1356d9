-- Bring the full text up to date after much was written: its index, and the statistics that say how rare a word is and how
-- much a filter lets pass. Autovacuum does the same, later.
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
  -- Not the texts and vectors themselves, which nothing is planned by and which take half of the time.
  -- What an index is just being built on is left out: both would wait for each other.
  analyze (skip_locked) graphdb.processed_runs, graphdb.documents (run_id, doc_id, labels, is_newest, is_searched),
          graphdb.chunks (run_id, doc_id, ord, input_sha256, search_vector), graphdb.embeddings (model_id, input_sha256);
end
$$;

comment on function graphdb.refresh_search() is
  'Bring the full text up to date after much was written: its index, and the statistics that say how rare a word is and how much a filter lets pass. Autovacuum does the same, later.';
revoke all on function graphdb.refresh_search() from public;
