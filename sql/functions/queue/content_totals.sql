-- Return the contents of all runs together, as counted when their phases were completed.
-- Documents that the caller, or p_as, may not read do not count.
create or replace function graphdb.content_totals(p_as text[] default null)
returns table (documents bigint, chunks bigint, embedded_chunks bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(sum(s.total_docs), 0)::bigint, coalesce(sum(s.total_chunks), 0)::bigint, coalesce(sum(s.embedded_chunks), 0)::bigint
  from graphdb.processed_runs as r
  left join graphdb._hidden_documents(p_as) as h on h.run_id = r.run_id
  cross join lateral graphdb._without_hidden(r, h.documents, h.chunks) as s
$$;

comment on function graphdb.content_totals(text[]) is
  'Return the contents of all runs together: documents, chunks, and chunks with a vector, as counted when their phases were completed. '
  'Documents that the caller, or p_as, may not read do not count.';
revoke all on function graphdb.content_totals(text[]) from public;
