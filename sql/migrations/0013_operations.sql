-- squawk-ignore-file constraint-missing-not-valid, ban-drop-constraint, require-concurrent-index-creation, require-concurrent-index-deletion
-- Runs can be paused, and a claim names the process that made it.

alter table graphdb.processed_runs add column if not exists paused_at timestamptz;
comment on column graphdb.processed_runs.paused_at is
  'Time at which pause_runs paused the run. No claim leases the run until resume_runs. Null if it is not paused';
alter table graphdb.processed_runs add column if not exists pause_reason text;
comment on column graphdb.processed_runs.pause_reason is 'Reason for the pause, from the caller of pause_runs';
alter table graphdb.processed_runs add column if not exists claim_process text;
comment on column graphdb.processed_runs.claim_process is
  'Process that made the last claim (setting graphdb.worker_process of its session), so that a worker on the same machine can check whether it still exists';
comment on column graphdb.processed_runs.updated_at is 'Last change of the row. While a worker holds a claim: its last heartbeat';

-- The function has one more rule, the last one.
create or replace function graphdb._keeps_rules(p_run graphdb.processed_runs)
returns boolean
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_broken text := case
    when not (p_run.run_id ~ '^[A-Za-z0-9._-]+$' and length(p_run.run_id) <= 128 and p_run.run_id not in ('.', '..'))
      then 'run_id_is_a_folder_name'
    when not (length(p_run.source) between 1 and 128)
      then 'source_is_named'
    when p_run.status not in ('normalized', 'chunking', 'chunked', 'embedding', 'embedded', 'failed', 'reset')
      then 'status_is_known'
    when least(p_run.total_docs, p_run.total_chunks, p_run.embedded_chunks, p_run.claim_progress, p_run.attempts) < 0
      then 'counts_are_not_negative'
    when p_run.embedded_chunks > p_run.total_chunks
      then 'embedded_chunks_are_chunks'
    when num_nonnulls(p_run.claimed_by, p_run.claimed_at, p_run.claim_expires_at, p_run.claimed_from) not in (0, 4)
      then 'claim_is_whole'
    when (p_run.claimed_by is not null) <> (p_run.status in ('chunking', 'embedding'))
      then 'claim_goes_with_its_status'
    when p_run.status = 'chunking' and p_run.claimed_from not in ('normalized', 'reset')
      or p_run.status = 'embedding' and p_run.claimed_from not in ('chunked', 'reset')
      then 'claim_returns_to_its_queue'
    when p_run.claim_expires_at <= p_run.claimed_at
      then 'claim_ends_after_it_begins'
    when p_run.claim_progress is not null and p_run.claimed_by is null
      then 'progress_belongs_to_a_claim'
    when p_run.status in ('normalized', 'reset')
      and num_nonnulls(p_run.chunk_completed_at, p_run.embed_completed_at, p_run.embedded_chunks) > 0
      then 'normalized_run_has_no_marks'
    when p_run.status in ('chunked', 'embedding', 'embedded') and p_run.total_chunks is null
      then 'chunks_are_counted_before_use'
    when p_run.status = 'chunked' and p_run.chunk_completed_at is null
      then 'chunked_run_has_its_mark'
    when (p_run.status = 'embedded') <> (p_run.embed_completed_at is not null)
      or p_run.status = 'embedded' and (p_run.embedding_model is null or p_run.embedded_chunks is distinct from p_run.total_chunks)
      then 'embedded_run_is_complete'
    when p_run.status = 'failed' and num_nonnulls(p_run.failed_phase, p_run.last_error) < 2
      then 'failed_run_says_why'
    when p_run.failed_phase not in ('chunk', 'embed')
      then 'failed_phase_is_known'
    when p_run.available_at is not null and p_run.status not in ('normalized', 'chunked', 'reset')
      then 'only_a_waiting_run_backs_off'
    when p_run.pause_reason is not null and p_run.paused_at is null
      then 'only_a_paused_run_has_a_pause_reason'
  end;
begin
  if v_broken is null then
    return true;
  end if;
  raise exception 'run "%" would break the rule "%"', left(p_run.run_id, 140), v_broken
    using errcode = 'check_violation', schema = 'graphdb', table = 'processed_runs', constraint = v_broken,
          hint = 'Move runs with the functions of schema graphdb; the source of graphdb._keeps_rules lists the rules.';
end
$$;
alter table graphdb.processed_runs drop constraint if exists run_keeps_its_rules;
alter table graphdb.processed_runs add constraint run_keeps_its_rules check (graphdb._keeps_rules(processed_runs));

-- The queue indexes exclude paused runs, so that a claim never reads them.
drop index if exists graphdb.ix_processed_runs_chunk_queue;
create index if not exists ix_processed_runs_chunk_queue
  on graphdb.processed_runs (priority desc, normalized_at, run_id)
  where status in ('normalized', 'reset') and available_at is null and paused_at is null;
drop index if exists graphdb.ix_processed_runs_embed_queue;
create index if not exists ix_processed_runs_embed_queue
  on graphdb.processed_runs (priority desc, normalized_at, run_id)
  where (status = 'chunked' or status = 'reset' and total_chunks is not null) and available_at is null and paused_at is null;
