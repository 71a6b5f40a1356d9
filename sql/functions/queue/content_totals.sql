-- Return the contents of all runs together, as counted when their phases were completed.
create or replace function graphdb.content_totals()
returns table (documents bigint, chunks bigint, embedded_chunks bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(sum(r.total_docs), 0)::bigint, coalesce(sum(r.total_chunks), 0)::bigint, coalesce(sum(r.embedded_chunks), 0)::bigint
  from graphdb.processed_runs as r
$$;

comment on function graphdb.content_totals() is
  'Return the contents of all runs together: documents, chunks, and chunks with a vector, as counted when their phases were completed.';
revoke all on function graphdb.content_totals() from public;
