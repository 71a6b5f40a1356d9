-- Make a run's documents equal to the session's staged_documents and register the run, in this transaction.
-- Only documents that differ are written. Returns what register_run says and what was written.
create or replace function graphdb.load_documents(
  p_run_id text,
  p_source text,
  p_normalized_at timestamptz default null,
  p_code_version text default null)
returns table (outcome text, total_docs integer, written integer, deleted integer)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_deleted text[];
begin
  perform graphdb._check_staging('staged_documents');
  perform graphdb._open_run(p_run_id, p_source);
  perform pg_advisory_xact_lock(graphdb._newest_lock());

  with gone as (
    delete from graphdb.documents as d
    where d.run_id = p_run_id
      and not exists (select from pg_temp.staged_documents as s where s.doc_id = d.doc_id)
    returning d.doc_id
  )
  select array_agg(gone.doc_id) into v_deleted from gone;
  deleted := coalesce(cardinality(v_deleted), 0);

  insert into graphdb.documents as d (run_id, doc_id, title, url, path, labels, breadcrumbs, meta, body, content_sha256)
  select p_run_id, s.doc_id, s.title, s.url, s.path, s.labels, s.breadcrumbs, s.meta, s.body,
         sha256(convert_to(jsonb_build_array(s.doc_id, s.title, s.url, s.path, s.labels, s.breadcrumbs, s.meta, s.body)::text, 'UTF8'))
  from pg_temp.staged_documents as s
  on conflict (run_id, doc_id) do update
  set title = excluded.title, url = excluded.url, path = excluded.path, labels = excluded.labels,
      breadcrumbs = excluded.breadcrumbs, meta = excluded.meta, body = excluded.body, content_sha256 = excluded.content_sha256
  where d.content_sha256 <> excluded.content_sha256;
  get diagnostics written = row_count;

  outcome := graphdb.register_run(p_run_id, p_source, null, p_normalized_at, p_code_version);
  if deleted > 0 then
    perform graphdb._mark_versions(null, v_deleted);
  end if;
  select r.total_docs into total_docs from graphdb.processed_runs as r where r.run_id = p_run_id;
  return next;
end
$$;

comment on function graphdb.load_documents(text, text, timestamptz, text) is
  'Make a run''s documents equal to the session''s staged_documents and register the run, in one transaction. Only documents that differ are written. '
  'Returns registered, changed or unchanged, and the counts. TB001: bad run id or source, or nothing staged.';
revoke all on function graphdb.load_documents(text, text, timestamptz, text) from public;
