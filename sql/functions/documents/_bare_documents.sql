-- The documents of a run that have text but no chunks, by their doc_id. A single statement, so that it is planned into its caller's.
create or replace function graphdb._bare_documents(p_run_id text)
returns setof text
language sql
stable
as $$
  select d.doc_id from graphdb.documents as d
  where d.run_id = p_run_id and d.body ~ '[^[:space:]]'
    and not exists (select from graphdb.chunks as c where c.run_id = d.run_id and c.doc_id = d.doc_id)
$$;

comment on function graphdb._bare_documents(text) is 'The documents of a run that have text but no chunks, by their doc_id.';
revoke all on function graphdb._bare_documents(text) from public;
