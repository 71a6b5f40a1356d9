-- Add a run to the backlog, or record that its documents changed. The caller has written the documents to
-- graphdb.documents in the same transaction. This function counts, hashes and marks them.
-- If the content is the same, it changes nothing. Returns 'registered', 'changed' or 'unchanged'.
create or replace function graphdb.register_run(
  p_run_id text,
  p_source text,
  p_total_docs integer default null,
  p_normalized_at timestamptz default null,
  p_code_version text default null)
returns text
language sql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
  select graphdb._register_run(p_run_id, p_source, p_total_docs, p_normalized_at, p_code_version, null, null, null)
$$;

comment on function graphdb.register_run(text, text, integer, timestamptz, text) is
  'Add a run to the backlog, or record that its documents changed. The documents must be written in the same transaction. '
  'A worker that processes the old content loses its claim. Returns registered, changed or unchanged. '
  'TB001: bad run id or source, or p_total_docs is not the number of documents.';
revoke all on function graphdb.register_run(text, text, integer, timestamptz, text) from public;
