-- Delete a model that is not served: first the revisions of documents that are kept for it, then its indexes and its vectors,
-- then the model itself. Each call deletes at most p_max_vectors revisions or vectors. Call again until is_dropped is
-- true. Runs that were last embedded with the model are queued again.
create or replace function graphdb.drop_model(p_model text, p_max_vectors integer default null)
returns table (deleted bigint, is_dropped boolean)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model graphdb.embedding_models;
begin
  perform graphdb._check_isolation();
  if p_max_vectors < 1 then
    raise exception 'a step of % vectors is too small', p_max_vectors
      using errcode = 'TB001', hint = 'Pass at least 1, or null for all at once.';
  end if;
  -- While the vectors are deleted, no other transaction can rely on them or serve the model.
  perform pg_advisory_xact_lock(graphdb._vectors_lock());
  v_model := graphdb._model(coalesce(p_model, ''));
  if v_model.is_served then
    raise exception 'model "%" is served', p_model
      using errcode = 'TB001', hint = 'Serve another model first: trailblazer models switch NAME.';
  end if;
  if exists (select from graphdb.documents as k where k.kept_for = v_model.model_id) then
    perform pg_advisory_xact_lock(graphdb._newest_lock());
    delete from graphdb.documents as d
    where d.kept_for = v_model.model_id
      and (d.run_id, d.doc_id) in (select k.run_id, k.doc_id from graphdb.documents as k where k.kept_for = v_model.model_id limit p_max_vectors);
    deleted := 0;
    is_dropped := false;
    return next;
    return;
  end if;
  -- While a session waits for the lock on the index, new searches wait behind it.
  perform set_config('lock_timeout', '5s', true);
  execute format('drop index if exists %s, %s, graphdb.ix_embeddings_hnsw_%s',
    graphdb._vector_index(v_model.model_id, false), graphdb._vector_index(v_model.model_id, true), v_model.model_id);
  delete from graphdb.document_vectors as v
  where v.model_id = v_model.model_id
    and (v.run_id, v.doc_id, v.revision) in (
      select o.run_id, o.doc_id, o.revision from graphdb.document_vectors as o where o.model_id = v_model.model_id limit p_max_vectors);
  delete from graphdb.embeddings as e
  where e.model_id = v_model.model_id
    and e.input_sha256 in (select o.input_sha256 from graphdb.embeddings as o where o.model_id = v_model.model_id limit p_max_vectors);
  get diagnostics deleted = row_count;
  is_dropped := not exists (select from graphdb.embeddings as e where e.model_id = v_model.model_id)
    and not exists (select from graphdb.document_vectors as v where v.model_id = v_model.model_id);
  if is_dropped then
    perform graphdb.reset_runs(jsonb_build_object('embedding_model', p_model, 'status', 'embedded'), 'processed');
    update graphdb.processed_runs as r set chunkings = r.chunkings - p_model where r.chunkings ? p_model;
    delete from graphdb.embedding_models as m where m.model_id = v_model.model_id;
  end if;
  return next;
end
$$;

comment on function graphdb.drop_model(text, integer) is
  'Delete a model that is not served, with the chunks that are kept for it, its index and its vectors. '
  'Each call deletes at most p_max_vectors documents or vectors. Call again until is_dropped is true. Runs that were last embedded with the model are queued again. '
  'TB001: no such model, or it is served.';
revoke all on function graphdb.drop_model(text, integer) from public;
