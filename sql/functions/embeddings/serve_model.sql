-- From now on, use this model for searches that do not name a model, and make the documents that were prepared for it
-- searchable, in one transaction. TB003: documents that searches find by vector have no vectors under the model. The
-- previous model is kept with its chunks, so it can be served again at once.
create or replace function graphdb.serve_model(p_model text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model graphdb.embedding_models;
  v_served graphdb.embedding_models;
  v_lacking bigint;
  v_unprepared text[];
  v_prepared text[];
begin
  perform graphdb._check_isolation(), graphdb._check_name('the name of a model', p_model, 256);
  -- Until the end of this transaction, no other session stores or counts vectors.
  perform pg_advisory_xact_lock(graphdb._vectors_lock());
  v_model := graphdb._model(coalesce(p_model, ''));
  select count(distinct l.input_sha256) filter (where l.is_found), coalesce(array_agg(distinct l.run_id), '{}')
  into v_lacking, v_unprepared
  from graphdb._missing_inputs(v_model.model_id) as l;
  if v_lacking > 0 then
    raise exception '% texts have no vector under model "%"', v_lacking, p_model
      using errcode = 'TB003', hint = 'Queue the runs with graphdb.requeue_runs, embed them with this model, then try again.';
  end if;
  select m.* into v_served from graphdb.embedding_models as m where m.is_served;
  update graphdb.embedding_models as m set is_served = false where m.is_served and m.model_id <> v_model.model_id;
  update graphdb.embedding_models as m set is_served = true where m.model_id = v_model.model_id and not m.is_served;

  -- If every text of a run has a vector under the model, the run counts as embedded with it.
  v_prepared := array(
    select r.run_id from graphdb.processed_runs as r
    where r.status = 'embedded' and r.embedding_model <> p_model and r.run_id <> all (v_unprepared)
    order by r.run_id
    for no key update);
  perform pg_advisory_xact_lock(graphdb._newest_lock());
  perform graphdb._exchange_revisions(v_model, v_prepared, v_served.model_id);
  perform graphdb._settle_versions(u.run_id)
  from (
    select distinct d.run_id from graphdb.documents as d
    where ((not d.is_searched and d.is_findable) or not d.is_current) and d.kept_for is null order by d.run_id
  ) as u;
  -- A run that counts as embedded was not completed with this model.
  perform pg_advisory_xact_lock(graphdb._marks_lock());
  perform graphdb._settle_vectors(
    array(select e.input_sha256 from graphdb.embeddings as e where e.model_id = v_model.model_id and e.is_restricted), false);
  return v_served.model;
end
$$;

comment on function graphdb.serve_model(text) is
  'Use this model for searches that do not name a model, and make the documents that were prepared for it searchable, in one transaction. '
  'Returns the previous model, which is kept with its chunks. TB001: no such model. '
  'TB003: documents that searches find by vector have no vectors under the model.';
revoke all on function graphdb.serve_model(text) from public;
