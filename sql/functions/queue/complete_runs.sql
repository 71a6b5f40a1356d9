-- Complete a phase of several runs in one statement, with the same checks and counts as complete_run. Token n belongs to the
-- claim on run n. Returns the completed runs. Skips a run if the claim on it is lost or for the other phase.
create or replace function graphdb.complete_runs(
  p_run_ids text[],
  p_phase text,
  p_claim_tokens bigint[],
  p_model text default null)
returns setof graphdb.processed_runs
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
-- Plan once in a session, because the plan is the same for all arrays and planning takes as long as ten runs.
set plan_cache_mode = force_generic_plan
as $$
declare
  v_now constant timestamptz := graphdb.clock();
  v_phase constant text := graphdb._check_phase(p_phase);
  v_model graphdb.embedding_models;
begin
  perform graphdb._check_isolation();
  if cardinality(p_run_ids) is distinct from cardinality(p_claim_tokens) then
    raise exception 'got % runs but % tokens', coalesce(cardinality(p_run_ids), 0), coalesce(cardinality(p_claim_tokens), 0)
      using errcode = 'TB001', hint = 'Pass the claim_token of each run, in the same order.';
  end if;
  if v_phase = 'embed' then
    perform pg_advisory_xact_lock_shared(graphdb._vectors_lock());
    v_model := graphdb._model(p_model);
  end if;

  -- Lock in the order of run_id, as everywhere, and before counting, so that everything written under the claims is visible.
  perform from graphdb.processed_runs as r
  where (r.run_id, r.claim_token) in (select a.run_id, a.token from unnest(p_run_ids, p_claim_tokens) as a (run_id, token))
  order by r.run_id
  for no key update;

  return query
  with claims as materialized (
    select r.run_id, r.claimed_by, r.claimed_at
    from graphdb.processed_runs as r
    where (r.run_id, r.claim_token) in (select a.run_id, a.token from unnest(p_run_ids, p_claim_tokens) as a (run_id, token))
      and r.status = case v_phase when 'chunk' then 'chunking' else 'embedding' end
  ), counted as materialized (
    -- Count all runs with one statement instead of one call for each run. _count_chunks raises the error if work is missing.
    select c.run_id, c.claimed_by, c.claimed_at,
           case
             when v_phase = 'embed' then graphdb._count_embedded_chunks(c.run_id, v_model)
             when exists (select from graphdb._bare_documents(c.run_id))
               then graphdb._count_chunks(c.run_id)
             else (select count(*) from graphdb._current_chunks(c.run_id))::integer
           end as chunks
    from claims as c
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
    from counted as c
    where r.run_id = c.run_id
    returning r.*
  ), history as (
    insert into graphdb.run_attempts
      (run_id, claim_token, phase, worker, started_at, ended_at, outcome, total_docs, total_chunks, embedded_chunks)
    select d.run_id, d.claim_token, v_phase, c.claimed_by, c.claimed_at, v_now, 'completed', d.total_docs, d.total_chunks, d.embedded_chunks
    from done as d join counted as c on c.run_id = d.run_id
    on conflict (run_id, claim_token) do nothing -- as in _record_attempt
  )
  select d.* from done as d;

  if graphdb._is_unsettled(p_run_ids) then
    perform pg_advisory_xact_lock(graphdb._newest_lock());
    perform graphdb._settle_versions(u.run_id)
    from (
      select distinct d.run_id from graphdb.documents as d where d.run_id = any (p_run_ids) and (not d.is_searched and d.is_findable or not d.is_current) and d.kept_for is null
    ) as u;
  end if;
  perform graphdb._open_vectors(p_run_ids);
  if v_phase = 'chunk' then
    perform pg_notify('graphdb_backlog', 'embed');
  end if;
end
$$;

comment on function graphdb.complete_runs(text[], text, bigint[], text) is
  'Complete a phase of several runs at once, with the same checks and counts as complete_run. Token n belongs to the claim on run n. '
  'Returns the completed runs. Skips a run if the claim on it is lost or for another phase. '
  'TB003: work is missing, and no run is completed. TB001: bad argument.';
revoke all on function graphdb.complete_runs(text[], text, bigint[], text) from public;
