-- The hashes of the texts that these runs have and no other run has and wants.
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

comment on function graphdb._unshared_inputs(text[]) is 'The hashes of the texts that these runs have and no other run has and wants.';
revoke all on function graphdb._unshared_inputs(text[]) from public;
