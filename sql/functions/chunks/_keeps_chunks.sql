-- Return whether a worker with this p_chunking keeps the existing chunks of a run.
create or replace function graphdb._keeps_chunks(p_run graphdb.processed_runs, p_chunking text)
returns boolean
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(p_run.chunking = p_chunking, false)
    and coalesce(p_run.claimed_from <> 'reset', true)
$$;

comment on function graphdb._keeps_chunks(graphdb.processed_runs, text) is
  'Return whether a worker with this p_chunking keeps the existing chunks of a run.';
revoke all on function graphdb._keeps_chunks(graphdb.processed_runs, text) from public;
