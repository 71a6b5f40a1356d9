-- Raise TB001 for an invalid vector. Null in p_fault means that the vector is valid.
create or replace function graphdb._refuse_vector(p_fault text, p_model graphdb.embedding_models)
returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_fault is not null then
    raise exception 'a vector for model "%" has %', p_model.model, p_fault
      using errcode = 'TB001', hint = format('Vectors of this model have %s finite numbers that are not all zero. Register other vectors under a different model name.', p_model.dimension);
  end if;
end
$$;

comment on function graphdb._refuse_vector(text, graphdb.embedding_models) is
  'Raise TB001 for an invalid vector. Null in p_fault means that the vector is valid.';
revoke all on function graphdb._refuse_vector(text, graphdb.embedding_models) from public;
