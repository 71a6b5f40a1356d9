-- Whether a model of that name is registered.
create or replace function graphdb.has_model(p_model text)
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select exists (select from graphdb.embedding_models as m where m.model = p_model)
$$;

comment on function graphdb.has_model(text) is 'Whether a model of that name is registered.';
revoke all on function graphdb.has_model(text) from public;
