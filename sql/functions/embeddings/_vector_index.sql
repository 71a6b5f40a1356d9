-- Return the name of the index on the unrestricted or the restricted vectors of a model, with the schema.
create or replace function graphdb._vector_index(p_model_id integer, p_is_restricted boolean)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select format('graphdb.ix_embeddings_%s_%s', case when p_is_restricted then 'restricted' else 'open' end, p_model_id)
$$;

comment on function graphdb._vector_index(integer, boolean) is
  'Return the name of the index on the unrestricted or the restricted vectors of a model, with the schema.';
revoke all on function graphdb._vector_index(integer, boolean) from public;
