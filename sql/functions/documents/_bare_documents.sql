-- Return the documents of a run that have text but no chunks, by doc_id. The function is inlined into its caller.
-- A search_path setting would prevent this, so every operator is qualified.
create or replace function graphdb._bare_documents(p_run_id text)
returns setof text
language sql
stable
as $$
  select d.doc_id from graphdb.documents as d
  where d.run_id operator(pg_catalog.=) p_run_id and d.is_current and d.body operator(pg_catalog.~) '[^[:space:]]'
    and not exists (
      select from graphdb.chunks as c
      where c.run_id operator(pg_catalog.=) d.run_id and c.doc_id operator(pg_catalog.=) d.doc_id
        and c.revision operator(pg_catalog.=) d.revision)
$$;

comment on function graphdb._bare_documents(text) is
  'Return the documents of a run that have text but no chunks, by doc_id.';
revoke all on function graphdb._bare_documents(text) from public;
