-- Return the documents of a run ordered by doc_id: at most p_limit documents after p_after. The last document is the one
-- whose body brings the total to p_max_bytes, so there is at least one document. With p_chunking, return only documents
-- that such a worker must chunk: all documents if the chunks of the run were made with different settings or the run
-- was reset, and otherwise the documents without chunks.
create or replace function graphdb.run_documents(
  p_run_id text,
  p_after text default '',
  p_limit integer default 100,
  p_max_bytes bigint default null,
  p_chunking text default null)
returns table (doc_id text, title text, breadcrumbs text[], body text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select p.doc_id, p.title, p.breadcrumbs, p.body
  from (
    select d.*, sum(octet_length(d.body)) over (order by d.doc_id) - octet_length(d.body) as bytes_before
    from (
      select s.doc_id, s.title, s.breadcrumbs, s.body
      from graphdb.documents as s
      where s.run_id = p_run_id and s.doc_id > p_after and s.is_current
        and (not (select graphdb._keeps_chunks(r, p_chunking) from graphdb.processed_runs as r where r.run_id = p_run_id)
             or not exists (
               select from graphdb.chunks as c where c.run_id = s.run_id and c.doc_id = s.doc_id and c.revision = s.revision))
      order by s.doc_id
      limit graphdb._check_limit(p_limit)) as d) as p
  where p.bytes_before < greatest(p_max_bytes, 1) or p_max_bytes is null
  order by p.doc_id
$$;

comment on function graphdb.run_documents(text, text, integer, bigint, text) is
  'Return the documents of a run ordered by doc_id: at most p_limit documents after p_after. '
  'The last document is the one whose body brings the total to p_max_bytes (null: no maximum), so there is at least one document. '
  'p_chunking describes how the worker makes chunks. If it is set, only documents that the worker must chunk are returned. '
  'Repeat the call with p_after = the last doc_id until it returns no row. TB001: bad limit.';
revoke all on function graphdb.run_documents(text, text, integer, bigint, text) from public;
