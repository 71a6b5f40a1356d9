-- Return the size of all tables and indexes of the schema on disk, in bytes.
create or replace function graphdb.storage_size()
returns bigint
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
  from pg_class as c
  where c.relnamespace = 'graphdb'::regnamespace and c.relkind in ('r', 'm', 'p')
$$;

comment on function graphdb.storage_size() is
  'Return the size of all tables and indexes of the schema on disk, in bytes.';
revoke all on function graphdb.storage_size() from public;
