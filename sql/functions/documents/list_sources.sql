-- Return the sources of all runs, most frequent first.
create or replace function graphdb.list_sources()
returns table (source text, runs bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select r.source, count(*) from graphdb.processed_runs as r group by r.source order by count(*) desc, r.source
$$;

comment on function graphdb.list_sources() is
  'Return the sources of all runs, most frequent first.';
revoke all on function graphdb.list_sources() from public;
