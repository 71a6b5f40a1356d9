-- Register an embedding model. The first registered model becomes the served model. Registering a model again changes nothing. If
-- it is already registered with different properties, the call is rejected.
create or replace function graphdb.register_model(
  p_model text,
  p_provider text,
  p_dimension integer,
  p_normalized boolean default true,
  p_query_prefix text default '',
  p_document_prefix text default '')
returns graphdb.embedding_models
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model graphdb.embedding_models;
begin
  if num_nulls(p_model, p_provider, p_dimension, p_normalized, p_query_prefix, p_document_prefix) > 0 or p_model = '' or p_dimension not between 1 and 16000 then
    raise exception 'cannot register model % with dimension %', graphdb._shown(p_model), coalesce(p_dimension::text, 'null')
      using errcode = 'TB001', hint = 'Pass a name, a provider and a dimension from 1 to 16000. No argument may be null.';
  end if;
  perform graphdb._check_name('the name of a model', p_model, 256), graphdb._check_name('the name of a provider', p_provider, 128),
          graphdb._check_name('a prefix', p_query_prefix, 4096), graphdb._check_name('a prefix', p_document_prefix, 4096);
  -- The sequence may be behind, because the table may have been copied without it.
  insert into graphdb.embedding_models (model_id, model, provider, dimension, normalized, query_prefix, document_prefix)
  overriding system value
  select greatest(nextval(pg_get_serial_sequence('graphdb.embedding_models', 'model_id')), max(m.model_id) + 1),
    p_model, p_provider, p_dimension, p_normalized, p_query_prefix, p_document_prefix
  from graphdb.embedding_models as m
  on conflict (model) do nothing;
  if not exists (select from graphdb.embedding_models as m where m.is_served) then
    -- The first registered model becomes the served model. If two sessions register a model at the same time, one of them waits here.
    lock table graphdb.embedding_models in share row exclusive mode;
    update graphdb.embedding_models as m
    set is_served = true
    where m.model = p_model and not exists (select from graphdb.embedding_models as o where o.is_served);
  end if;
  v_model := graphdb._model(p_model);
  if (v_model.dimension, v_model.normalized, v_model.query_prefix, v_model.document_prefix)
     is distinct from (p_dimension, p_normalized, p_query_prefix, p_document_prefix) then
    raise exception 'model "%" is already registered with dimension %, not %, or with a different normalization or different prefixes',
      p_model, v_model.dimension, p_dimension
      using errcode = 'TB001', hint = 'Vectors with different properties cannot be mixed. Use a different name for the model.';
  end if;
  return v_model;
end
$$;

comment on function graphdb.register_model(text, text, integer, boolean, text, text) is
  'Register an embedding model: name, provider, dimension, whether its vectors have unit length, and the prefixes for questions and documents. '
  'The first registered model becomes the served model. Registering a model again changes nothing. '
  'TB001: bad argument, or the model is already registered with different properties.';
revoke all on function graphdb.register_model(text, text, integer, boolean, text, text) from public;
