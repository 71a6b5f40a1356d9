-- Return a run without information about documents that the caller may not read: subtract them and their chunks from the
-- counts, and remove texts that could name them.
create or replace function graphdb._without_hidden(p_run graphdb.processed_runs, p_documents bigint, p_chunks bigint)
returns graphdb.processed_runs
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The hash also depends on the hidden documents.
  p_run.content_sha256 := null;
  if p_documents is not null then
    p_run.total_docs := p_run.total_docs - least(p_run.total_docs, p_documents);
    p_run.total_chunks := p_run.total_chunks - least(p_run.total_chunks, p_chunks);
    p_run.embedded_chunks := p_run.embedded_chunks - least(p_run.embedded_chunks, p_chunks);
    p_run.claim_progress := null;
    p_run.last_error := null;
  end if;
  return p_run;
end
$$;

comment on function graphdb._without_hidden(graphdb.processed_runs, bigint, bigint) is
  'Return a run without information about documents that the caller may not read: subtract them and their chunks from the counts, and remove texts that could name them.';
revoke all on function graphdb._without_hidden(graphdb.processed_runs, bigint, bigint) from public;
