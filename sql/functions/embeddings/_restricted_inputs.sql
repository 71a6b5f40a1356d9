-- Return the texts among these that only restricted chunks contain. Their vectors belong into the index on restricted vectors.
create or replace function graphdb._restricted_inputs(p_input_sha256 bytea[])
returns setof bytea
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select distinct i.input_sha256
  from unnest(p_input_sha256) as i (input_sha256)
  -- Without restricted documents, nothing else is checked. Without statistics, only the order makes the planner use the
  -- index on restricted chunks.
  where (select true from graphdb.chunks as c where c.is_restricted order by c.doc_id limit 1)
    and exists (select from graphdb.chunks as c where c.input_sha256 = i.input_sha256 and c.is_restricted)
    and not exists (select from graphdb.chunks as c where c.input_sha256 = i.input_sha256 and not c.is_restricted)
$$;

comment on function graphdb._restricted_inputs(bytea[]) is
  'Return the texts among these that only restricted chunks contain.';
revoke all on function graphdb._restricted_inputs(bytea[]) from public;
