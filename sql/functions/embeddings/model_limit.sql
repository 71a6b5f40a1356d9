-- Return how many tokens of a text a model reads. Null: the number is unknown, or the model is not registered.
create or replace function graphdb.model_limit(p_model text)
returns integer
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select m.max_tokens from graphdb.embedding_models as m where m.model = p_model
$$;

comment on function graphdb.model_limit(text) is
  'Return how many tokens of a text a model reads, including special tokens. '
  'Null: the number is unknown, or the model is not registered.';
revoke all on function graphdb.model_limit(text) from public;
