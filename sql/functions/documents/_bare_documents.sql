-- Return the documents of a run that have text but no chunks, by doc_id. The function is inlined into its caller.
-- A search_path setting would prevent this, so every operator is qualified.
create or replace function graphdb._bare_documents(p_run_id text)
returns setof text
language sql
stable
as $$
  -- The offset makes PostgreSQL look for chunks first. Few documents have none, and reading all bodies takes longer.
  select d.doc_id
  from (
    select b.doc_id, b.body from graphdb.documents as b
    where b.run_id operator(pg_catalog.=) p_run_id and b.is_current
      and not exists (
        select from graphdb.chunks as c
        where c.run_id operator(pg_catalog.=) b.run_id and c.doc_id operator(pg_catalog.=) b.doc_id
          and c.revision operator(pg_catalog.=) b.revision)
    offset 0
  ) as d
  where d.body operator(pg_catalog.~) '[^[:space:]]'
$$;

comment on function graphdb._bare_documents(text) is
  'Return the documents of a run that have text but no chunks, by doc_id.';
revoke all on function graphdb._bare_documents(text) from public;
