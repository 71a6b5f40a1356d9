-- Return the numbers of documents, chunks, and chunks with a vector in all runs, as counted when the phases were completed.
-- Documents that the caller may not read are not counted.
create or replace function graphdb.content_totals()
returns table (documents bigint, chunks bigint, embedded_chunks bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(sum(s.total_docs), 0)::bigint, coalesce(sum(s.total_chunks), 0)::bigint, coalesce(sum(s.embedded_chunks), 0)::bigint
  from graphdb.processed_runs as r
  left join graphdb._hidden_documents() as h on h.run_id = r.run_id
  cross join lateral graphdb._without_hidden(r, h.documents, h.chunks) as s
$$;

comment on function graphdb.content_totals() is
  'Return the numbers of documents, chunks, and chunks with a vector in all runs, as counted when the phases were completed. Documents that the caller may not read are not counted.';
revoke all on function graphdb.content_totals() from public;
