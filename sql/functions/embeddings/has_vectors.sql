-- Return whether the model with this name has any vectors.
create or replace function graphdb.has_vectors(p_model text)
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from graphdb.embedding_models as m
    where m.model = p_model and exists (select from graphdb.embeddings as e where e.model_id = m.model_id))
$$;

comment on function graphdb.has_vectors(text) is
  'Return whether the model with this name has any vectors.';
revoke all on function graphdb.has_vectors(text) from public;
