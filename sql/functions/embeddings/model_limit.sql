-- The number of tokens of a text that a model reads. Null when that is not known, or when no such model is registered.
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
  'The number of tokens of a text that a model reads, special tokens included. Null when that is not known, or when no such model is registered.';
revoke all on function graphdb.model_limit(text) from public;
