-- Whether the chunks that a run has stay when a worker chunks it that makes chunks this way.
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
  'Whether the chunks that a run has stay when a worker chunks it that makes chunks this way.';
revoke all on function graphdb._keeps_chunks(graphdb.processed_runs, text) from public;
