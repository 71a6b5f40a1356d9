-- Return the hashes of the texts in these runs that no other run needs.
create or replace function graphdb._unshared_inputs(p_run_ids text[])
returns setof bytea
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select distinct o.input_sha256
  from graphdb.chunks as o
  where o.run_id = any (p_run_ids)
    and not exists (
      select from graphdb.chunks as c
      join graphdb.processed_runs as r on r.run_id = c.run_id
      where c.input_sha256 = o.input_sha256 and r.wants_vectors and c.run_id <> all (p_run_ids))
$$;

comment on function graphdb._unshared_inputs(text[]) is
  'Return the hashes of the texts in these runs that no other run needs.';
revoke all on function graphdb._unshared_inputs(text[]) from public;
