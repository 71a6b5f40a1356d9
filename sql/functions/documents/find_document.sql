-- Find a document by its id, its URL, or its path in the source. Without a run, return the version that a search can
-- find. With a run, return the revision in this run that a search shows, so that it matches the hits, or otherwise the
-- current revision. Returns no row if the caller may not read such a document, or if several documents have this path.
create or replace function graphdb.find_document(p_document text, p_run_id text default null, p_as text[] default null)
returns table (
  run_id text, doc_id text, title text, url text, path text, source text, labels text[], breadcrumbs text[], meta jsonb, body text,
  is_searched boolean)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with by_id as (
    select d.run_id, d.doc_id, d.revision
    from graphdb.documents as d
    where d.doc_id = p_document and (p_run_id is null and d.is_searched or d.run_id = p_run_id)
      and graphdb.may_read(d.readers, (select graphdb.principals(p_as)))
    order by d.is_searched desc, d.is_current desc
    limit 1
  ), by_address as (
    select distinct on (d.run_id, d.doc_id) d.run_id, d.doc_id, d.revision
    from graphdb.documents as d
    where (d.url = p_document or d.path = p_document)
      and (p_run_id is null and d.is_searched or d.run_id = p_run_id)
      and graphdb.may_read(d.readers, (select graphdb.principals(p_as)))
      and not exists (select from by_id)
    order by d.run_id, d.doc_id, d.is_searched desc, d.is_current desc
    limit 2
  ), found as (
    select i.run_id, i.doc_id, i.revision from by_id as i
    union all
    select a.run_id, a.doc_id, a.revision from by_address as a where (select count(*) from by_address) = 1
  )
  select d.run_id, d.doc_id, d.title, d.url, d.path, r.source, d.labels, d.breadcrumbs, d.meta, d.body, d.is_searched
  from found as f
  join graphdb.documents as d on d.run_id = f.run_id and d.doc_id = f.doc_id and d.revision = f.revision
  join graphdb.processed_runs as r on r.run_id = d.run_id
$$;

comment on function graphdb.find_document(text, text, text[]) is
  'Find a document by its id, its URL, or its path in the source. Without p_run_id, return the version that a search can find. '
  'Returns no row if the caller may not read such a document, or if several documents have this path. p_as is passed to graphdb.principals.';
revoke all on function graphdb.find_document(text, text, text[]) from public;
