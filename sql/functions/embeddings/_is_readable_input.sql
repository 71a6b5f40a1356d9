-- Return whether a document that the caller may read contains the text with this hash.
create or replace function graphdb._is_readable_input(p_input_sha256 bytea)
returns boolean
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from graphdb.chunks as c
    join graphdb.documents as d on d.run_id = c.run_id and d.doc_id = c.doc_id and d.revision = c.revision
    where c.input_sha256 = p_input_sha256 and graphdb.may_read(d.readers, graphdb.principals()))
$$;

comment on function graphdb._is_readable_input(bytea) is
  'Return whether a document that the caller may read contains the text with this hash.';
revoke all on function graphdb._is_readable_input(bytea) from public;
