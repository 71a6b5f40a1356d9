-- Return the maximum number of tokens that a model reads from a text. Null: the number is unknown, or the model is not registered.
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
  'Return the maximum number of tokens that a model reads from a text, including special tokens. '
  'Null: the number is unknown, or the model is not registered.';
revoke all on function graphdb.model_limit(text) from public;
