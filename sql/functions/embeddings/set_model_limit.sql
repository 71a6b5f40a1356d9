-- Store the maximum number of tokens that a registered model reads from a text.
create or replace function graphdb.set_model_limit(p_model text, p_max_tokens integer)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model constant graphdb.embedding_models := graphdb._model(p_model);
begin
  if p_max_tokens is null or p_max_tokens < 1 then
    raise exception 'a model cannot read % tokens', coalesce(p_max_tokens::text, 'null')
      using errcode = 'TB001', hint = 'Pass at least 1.';
  end if;
  update graphdb.embedding_models as m
  set max_tokens = p_max_tokens
  where m.model_id = v_model.model_id and m.max_tokens is distinct from p_max_tokens;
end
$$;

comment on function graphdb.set_model_limit(text, integer) is
  'Store the maximum number of tokens that a registered model reads from a text, including special tokens. '
  'TB001: no such model, or a number below 1.';
revoke all on function graphdb.set_model_limit(text, integer) from public;
