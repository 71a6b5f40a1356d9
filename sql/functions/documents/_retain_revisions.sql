-- Create a new current revision without chunks for each of these documents. Searches return the old revision and its
-- chunks until the new revision is searchable. Documents that searches do not return are not changed. Returns the
-- documents with a new revision. The caller must hold _newest_lock.
create or replace function graphdb._retain_revisions(p_run_id text, p_doc_ids text[])
returns text[]
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_retained text[];
begin
  with retained as (
    update graphdb.documents as d
    set is_current = false
    where d.run_id = p_run_id and d.doc_id = any (p_doc_ids) and d.is_current and d.is_searched
      and exists (select from graphdb.chunks as c where c.run_id = d.run_id and c.doc_id = d.doc_id and c.revision = d.revision)
    returning d.doc_id
  )
  select array_agg(retained.doc_id) into v_retained from retained;

  insert into graphdb.documents
    (run_id, doc_id, revision, title, url, path, labels, breadcrumbs, meta, body, content_sha256, language, is_newest)
  select d.run_id, d.doc_id,
         1 + (select max(o.revision) from graphdb.documents as o where o.run_id = d.run_id and o.doc_id = d.doc_id),
         d.title, d.url, d.path, d.labels, d.breadcrumbs, d.meta, d.body, d.content_sha256, d.language, d.is_newest
  from graphdb.documents as d
  where d.run_id = p_run_id and d.doc_id = any (v_retained) and not d.is_current and d.is_searched;
  update graphdb.documents as d set is_newest = false
  where d.run_id = p_run_id and d.doc_id = any (v_retained) and not d.is_current and d.is_newest;
  return v_retained;
end
$$;

comment on function graphdb._retain_revisions(text, text[]) is
  'Create a new current revision without chunks for each of these documents. Searches return the old revision until the new revision is searchable. '
  'Returns the documents with a new revision.';
revoke all on function graphdb._retain_revisions(text, text[]) from public;
