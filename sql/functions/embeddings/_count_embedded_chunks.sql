-- Return the number of chunks of a run. TB003: a chunk has no vector under the model.
create or replace function graphdb._count_embedded_chunks(p_run_id text, p_model graphdb.embedding_models)
returns integer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunks integer;
  v_embedded integer;
begin
  select count(*), count(e.input_sha256) - count(s.input_sha256) into v_chunks, v_embedded
  from graphdb._current_chunks(p_run_id) as c
  left join graphdb.embeddings as e on e.model_id = p_model.model_id and e.input_sha256 = c.input_sha256
  left join graphdb.stale_embeddings as s on s.model_id = e.model_id and s.input_sha256 = e.input_sha256;
  if v_embedded < v_chunks then
    raise exception '% of % chunks of run "%" have no vector under model "%"', v_chunks - v_embedded, v_chunks, p_run_id, p_model.model
      using errcode = 'TB003', hint = 'graphdb.pending_inputs lists their texts; store their vectors before complete_run.';
  end if;
  return v_chunks;
end
$$;

comment on function graphdb._count_embedded_chunks(text, graphdb.embedding_models) is
  'Return the number of chunks of a run. TB003: a chunk has no vector under the model.';
revoke all on function graphdb._count_embedded_chunks(text, graphdb.embedding_models) from public;
