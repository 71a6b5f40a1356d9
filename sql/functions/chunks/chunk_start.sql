-- Return the byte position in the document's body at which a chunk begins, or null if there is no such chunk or
-- if the caller may not read it.
-- If the document has several revisions, the one from graphdb.find_document is used.
create or replace function graphdb.chunk_start(p_run_id text, p_doc_id text, p_ord integer, p_as text[] default null)
returns integer
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select k.byte_start
  from (
    select d.run_id, d.doc_id, d.revision
    from graphdb.documents as d
    where d.run_id = p_run_id and d.doc_id = p_doc_id and graphdb.may_read(d.readers, (select graphdb.principals(p_as)))
    order by d.is_searched desc, d.is_current desc
    limit 1) as s
  join graphdb.chunks as k on k.run_id = s.run_id and k.doc_id = s.doc_id and k.revision = s.revision
  where k.ord = p_ord
$$;

comment on function graphdb.chunk_start(text, text, integer, text[]) is
  'Return the byte position in the document body at which a chunk begins, or null if there is no such chunk or if the caller may not read it. '
  'p_as is passed to graphdb.principals.';
revoke all on function graphdb.chunk_start(text, text, integer, text[]) from public;
