-- Return the data that a list of hits shows for each document besides its title, such as path, source and time of the
-- last change. Documents that the caller may not read are omitted.
create or replace function graphdb.describe_documents(p_run_ids text[], p_doc_ids text[], p_as text[] default null)
returns table (
  run_id text, doc_id text, path text, source text, labels text[], breadcrumbs text[], language text, updated_at text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select distinct on (d.run_id, d.doc_id)
    d.run_id, d.doc_id, d.path, r.source, d.labels, d.breadcrumbs, d.meta ->> 'language', d.meta ->> 'updated_at'
  from (select distinct a.run_id, a.doc_id from unnest(p_run_ids, p_doc_ids) as a (run_id, doc_id)) as a
  join graphdb.documents as d on d.run_id = a.run_id and d.doc_id = a.doc_id
  join graphdb.processed_runs as r on r.run_id = d.run_id
  where graphdb.may_read(d.readers, (select graphdb.principals(p_as)))
  order by d.run_id, d.doc_id, d.is_searched desc, d.is_current desc
$$;

comment on function graphdb.describe_documents(text[], text[], text[]) is
  'Return the data that a list of hits shows for each document besides its title: path, source, labels, breadcrumbs, language, and the time of the last change in the source. '
  'p_run_ids and p_doc_ids contain one pair for each document. Documents that the caller may not read are omitted. p_as is passed to graphdb.principals.';
revoke all on function graphdb.describe_documents(text[], text[], text[]) from public;
