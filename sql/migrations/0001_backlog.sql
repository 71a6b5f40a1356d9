-- The backlog has one row for each run. The history has one row for each claim that ended.

-- The tokens of claims. The sequence is never reset, so a token that was revoked never becomes valid again.
create sequence if not exists graphdb.claim_tokens as bigint no cycle;
comment on sequence graphdb.claim_tokens is 'Issues the claim tokens. A token is never issued twice';

create table if not exists graphdb.processed_runs (
  -- The identity of the run.
  run_id text primary key,
  source text not null,
  normalized_at timestamptz not null default now(),
  total_docs integer not null default 0,
  content_sha256 bytea,
  priority smallint not null default 0,

  -- The state of the run.
  status text not null default 'normalized',
  chunk_started_at timestamptz,
  chunk_completed_at timestamptz,
  embed_started_at timestamptz,
  embed_completed_at timestamptz,
  total_chunks integer,
  embedded_chunks integer,
  embedding_model text,
  wants_vectors boolean not null default true,

  -- The claim. Its columns are either all set or all null, except the token, which stays when the claim ends.
  claimed_by text,
  claimed_at timestamptz,
  claim_expires_at timestamptz,
  claimed_from text,
  claim_progress integer,
  claim_token bigint not null default nextval('graphdb.claim_tokens'),

  -- The last failure, and the time of the next attempt.
  attempts integer not null default 0,
  available_at timestamptz,
  failed_phase text,
  last_error text,

  -- The origin of the run.
  code_version text,
  updated_at timestamptz not null default now()
);
comment on table graphdb.processed_runs is 'The backlog, with one row for each run (ingest batch). Only the functions of this schema write to it';
comment on column graphdb.processed_runs.run_id is 'Name of the run and its folder: at most 128 letters, digits, ".", "_" and "-"';
comment on column graphdb.processed_runs.source is 'confluence, dita, mixed, or another name from the caller';
comment on column graphdb.processed_runs.normalized_at is 'Time at which the documents were normalized. The oldest run is claimed first';
comment on column graphdb.processed_runs.total_docs is 'Number of documents in the run, counted by register_run';
comment on column graphdb.processed_runs.content_sha256 is 'Hash of the documents, from which register_run detects changes';
comment on column graphdb.processed_runs.priority is 'Runs with a higher priority are claimed first';
comment on column graphdb.processed_runs.status is 'normalized, chunking, chunked, embedding, embedded, failed or reset';
comment on column graphdb.processed_runs.total_chunks is 'Number of chunks in the run, counted by complete_run. Null if the run has no chunks yet or they were deleted';
comment on column graphdb.processed_runs.embedded_chunks is 'Number of chunks with a vector, counted by complete_run in the same transaction';
comment on column graphdb.processed_runs.embedding_model is 'Model with which the run was last embedded';
comment on column graphdb.processed_runs.wants_vectors is 'Whether the run needs its vectors. False after a reset of its embeddings. A vector that no run needs may be deleted';
comment on column graphdb.processed_runs.claimed_by is 'Worker that has claimed the run, as host/pid/thread';
comment on column graphdb.processed_runs.claim_expires_at is 'End of the lease by the clock of the database. renew_claim extends it';
comment on column graphdb.processed_runs.claimed_from is 'Status of the run before the claim, to which it returns if the claim ends without completion';
comment on column graphdb.processed_runs.claim_progress is 'Number of items finished under this claim, as last reported by the worker';
comment on column graphdb.processed_runs.claim_token is 'Fencing token. It changes at every claim, release, failure, expiry, reset and re-registration';
comment on column graphdb.processed_runs.attempts is 'Number of failures and expired leases since the last completed phase or reset';
comment on column graphdb.processed_runs.available_at is 'End of the back-off. Null if the run is not in back-off';

-- The rules of a run, with their names. One check constraint calls this function. With one constraint for each of the 17
-- rules, a claim took twice as long, because PostgreSQL parses the stored tree of each constraint for every statement that
-- writes (docs/claim-performance.md). A condition that is false breaks its rule. Null breaks no rule, as in any check.
create or replace function graphdb._keeps_rules(p_run graphdb.processed_runs)
returns boolean
language plpgsql
immutable
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
comment on function graphdb._keeps_rules(graphdb.processed_runs) is
  'Check the rules of a run. If a rule is broken, raise check_violation with its name. A migration that changes this function must check all rows again';
revoke all on function graphdb._keeps_rules(graphdb.processed_runs) from public;

-- squawk-ignore ban-drop-constraint
alter table graphdb.processed_runs drop constraint if exists run_keeps_its_rules;
alter table graphdb.processed_runs add constraint run_keeps_its_rules check (graphdb._keeps_rules(processed_runs));

-- The queues, in the order of claims. A run in back-off is in no queue until recover_expired_claims adds it, so a claim
-- never reads runs that are not due.
create index if not exists ix_processed_runs_chunk_queue
  on graphdb.processed_runs (priority desc, normalized_at, run_id)
  where status in ('normalized', 'reset') and available_at is null;
create index if not exists ix_processed_runs_embed_queue
  on graphdb.processed_runs (priority desc, normalized_at, run_id)
  where (status = 'chunked' or status = 'reset' and total_chunks is not null) and available_at is null;

-- Leases that expire, and back-offs that end.
create index if not exists ix_processed_runs_wake
  on graphdb.processed_runs ((coalesce(claim_expires_at, available_at)))
  where claim_expires_at is not null or available_at is not null;

create index if not exists ix_processed_runs_status
  on graphdb.processed_runs (status);
-- Runs are inserted and updated in this order, so a block range index finds a date. An update costs less than with a B-tree.
create index if not exists ix_processed_runs_norm_at
  on graphdb.processed_runs using brin (normalized_at) with (autosummarize = on);

-- A claim starts at the beginning of its queue, where the entries of runs that were claimed since the last vacuum are.
-- Therefore vacuum starts early, does not wait, and always cleans the indexes. By default, it skips the indexes while dead rows
-- are in less than 2 % of the pages.
alter table graphdb.processed_runs set (
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_threshold = 1000,
  autovacuum_analyze_scale_factor = 0.05,
  vacuum_index_cleanup = on
);

create table if not exists graphdb.run_attempts (
  run_id text not null,
  claim_token bigint not null,
  phase text not null,
  worker text not null,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  outcome text not null,
  total_docs integer,
  total_chunks integer,
  embedded_chunks integer,
  error text,
  primary key (run_id, claim_token),
  constraint phase_is_known check (phase = any ('{chunk,embed}')),
  constraint outcome_is_known
    check (outcome = any ('{completed,released,failed,expired,reset,superseded}'))
);
comment on table graphdb.run_attempts is 'The history of claims that "runs show" prints: one row for each claim that has ended, with its outcome';
comment on column graphdb.run_attempts.outcome is 'completed, released, failed, expired, reset (with force, or after the lease had expired) or superseded (by new content)';
