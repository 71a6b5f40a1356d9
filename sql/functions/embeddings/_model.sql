-- Return the registered model with this name. Null selects the served model.
create or replace function graphdb._model(p_model text)
returns graphdb.embedding_models
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model graphdb.embedding_models;
begin
  select m.* into v_model from graphdb.embedding_models as m where m.model = p_model or p_model is null and m.is_served;
  if not found then
    raise exception 'no model %', case when p_model is null then 'is registered' else graphdb._shown(p_model) end
      using errcode = 'TB001', hint = 'Register the model first: select graphdb.register_model(''name'', ''provider'', 384).';
  end if;
  return v_model;
end
$$;

comment on function graphdb._model(text) is
  'Return the registered model with this name. Null selects the served model. TB001: the model is not registered.';
revoke all on function graphdb._model(text) from public;
