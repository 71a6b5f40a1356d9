-- Write the staged documents that differ from the documents of a run, and remove the documents that are not staged.
-- staged_hashes must be filled. Versions that searches return stay as revisions that are not current.
-- The caller must hold _newest_lock and mark the versions.
create or replace function graphdb._write_staged_documents(p_run_id text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Chunks depend only on title and body. They are kept if only other columns have changed.
  update graphdb.documents as d
  set url = s.url, path = s.path, labels = s.labels, breadcrumbs = s.breadcrumbs, meta = s.meta, content_sha256 = h.content_sha256
  from pg_temp.staged_documents as s
  join pg_temp.staged_hashes as h on h.doc_id = s.doc_id
  where d.run_id = p_run_id and d.doc_id = s.doc_id and d.is_current and d.content_sha256 <> h.content_sha256
    and d.title = s.title and d.body = s.body;

  update graphdb.documents as d
  set is_current = false, is_newest = false
  where d.run_id = p_run_id and d.is_current
    and not exists (
      select from pg_temp.staged_hashes as h where h.doc_id = d.doc_id and h.content_sha256 = d.content_sha256);
  -- Revisions that are kept for another model have the same title and body as the current one.
  delete from graphdb.documents as d
  where d.run_id = p_run_id and not d.is_current and not d.is_searched
    and (d.kept_for is null
         or not exists (select from graphdb.documents as o where o.run_id = d.run_id and o.doc_id = d.doc_id and o.is_current));

  insert into graphdb.documents
    (run_id, doc_id, revision, title, url, path, labels, breadcrumbs, meta, body, content_sha256)
  select p_run_id, s.doc_id,
         1 + coalesce((select max(o.revision) from graphdb.documents as o where o.run_id = p_run_id and o.doc_id = s.doc_id), 0),
         s.title, s.url, s.path, s.labels, s.breadcrumbs, s.meta, s.body, h.content_sha256
  from pg_temp.staged_documents as s
  join pg_temp.staged_hashes as h on h.doc_id = s.doc_id
  where not exists (select from graphdb.documents as o where o.run_id = p_run_id and o.doc_id = s.doc_id and o.is_current);

  if not exists (select from pg_temp.staged_hashes) then
    -- An empty run is never completed, so these revisions must be deleted here.
    delete from graphdb.documents as d where d.run_id = p_run_id;
  end if;
end
$$;

comment on function graphdb._write_staged_documents(text) is
  'Write the staged documents that differ from the documents of a run, and remove the documents that are not staged. '
  'Versions that searches return stay as revisions that are not current.';
revoke all on function graphdb._write_staged_documents(text) from public;
