-- Complete a phase after verifying and counting the work in the same transaction. In the chunk phase, every document
-- with text must have chunks. In the embed phase, every chunk must have a vector under p_model (null: the served
-- model). Afterwards, searches return these versions of the documents instead of older versions.
create or replace function graphdb.complete_run(
  p_run_id text,
  p_phase text,
  p_claim_token bigint,
  p_model text default null)
returns graphdb.processed_runs
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := graphdb.clock();
  v_phase constant text := graphdb._check_phase(p_phase);
  v_model graphdb.embedding_models;
  v_run graphdb.processed_runs;
begin
  perform graphdb._check_isolation();
  if v_phase = 'embed' then
    perform pg_advisory_xact_lock_shared(graphdb._vectors_lock());
    v_model := graphdb._model(p_model);
  end if;

  -- Lock the run before counting, so that everything written under the claim is visible. For a run without documents, skip
  -- the lock to save its WAL, because nothing is counted and the update below checks the token.
  perform from graphdb.processed_runs as r
  where r.run_id = p_run_id and r.claim_token = p_claim_token and r.total_docs > 0
  for no key update;

  with claim as materialized (
    select r.run_id, r.claimed_by, r.claimed_at,
           case v_phase when 'chunk' then graphdb._count_chunks(r.run_id) else graphdb._count_embedded_chunks(r.run_id, v_model) end as chunks
    from graphdb.processed_runs as r
    where r.run_id = p_run_id and r.claim_token = p_claim_token
      and r.status = case v_phase when 'chunk' then 'chunking' else 'embedding' end
  ), done as (
    update graphdb.processed_runs as r
    set status = case v_phase when 'chunk' then 'chunked' else 'embedded' end,
        total_chunks = c.chunks,
        chunk_completed_at = case v_phase when 'chunk' then v_now else r.chunk_completed_at end,
        embed_completed_at = case v_phase when 'embed' then v_now end,
        embedded_chunks = case v_phase when 'embed' then c.chunks end,
        embedding_model = case v_phase when 'embed' then v_model.model else r.embedding_model end,
        claimed_by = null, claimed_at = null, claim_expires_at = null, claimed_from = null, claim_progress = null,
        attempts = 0, failed_phase = null, last_error = null,
        updated_at = v_now
    from claim as c
    where r.run_id = c.run_id and r.claim_token = p_claim_token and r.claimed_by is not null
    returning r.*
  ), history as (
    insert into graphdb.run_attempts
      (run_id, claim_token, phase, worker, started_at, ended_at, outcome, total_docs, total_chunks, embedded_chunks)
    select d.run_id, d.claim_token, v_phase, c.claimed_by, c.claimed_at, v_now, 'completed', d.total_docs, d.total_chunks, d.embedded_chunks
    from done as d join claim as c on c.run_id = d.run_id
    on conflict (run_id, claim_token) do nothing -- as in _record_attempt
  )
  select d.* into v_run from done as d;
  if not found then
    -- The claim was lost, perhaps while this call counted or waited, or it is for the other phase.
    v_run := graphdb._held_claim(p_run_id, p_claim_token);
    raise exception 'claim % on run "%" is not for phase %', p_claim_token, p_run_id, p_phase
      using errcode = 'TB001', hint = format('The status of the run is %s. Pass the phase that was claimed.', v_run.status);
  end if;

  -- Searches return no version from a run without documents. This condition saves 4 % of the completion time of such a run.
  if v_run.total_docs > 0 and graphdb._is_unsettled(array[p_run_id]) then
    perform pg_advisory_xact_lock(graphdb._newest_lock());
    perform graphdb._settle_versions(p_run_id);
  end if;
  if v_run.total_docs > 0 then
    perform graphdb._open_vectors(array[p_run_id]);
  end if;
  if v_phase = 'chunk' and v_run.total_docs > 0 then
    perform pg_notify('graphdb_backlog', 'embed');
  end if;
  return v_run;
end
$$;

comment on function graphdb.complete_run(text, text, bigint, text) is
  'Complete a phase after verifying and counting the work in the same transaction. In the chunk phase, every document with text must have chunks. '
  'In the embed phase, every chunk must have a vector under p_model (null: the served model). '
  'TB003: work is missing. TB002: claim lost. TB004: no such run. TB001: bad argument. '
  'Commit soon, because loads wait for the locks of this call. '
  'A transaction that completes several runs one by one can deadlock with a load (40P01: try again). Use complete_runs to avoid this.';
revoke all on function graphdb.complete_run(text, text, bigint, text) from public;
