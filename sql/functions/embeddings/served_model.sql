-- Return the model that a search uses if the caller passes none. Null before the first model is registered.
create or replace function graphdb.served_model()
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select m.model from graphdb.embedding_models as m where m.is_served
$$;

comment on function graphdb.served_model() is
  'Return the model that a search uses if the caller passes none. Null before the first model is registered.';
revoke all on function graphdb.served_model() from public;
