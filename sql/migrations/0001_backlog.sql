-- The backlog: one row a run, and one row for every claim that ended.

-- Fences. Never reset, never reused: a token that was once taken away stays worthless.
create sequence if not exists graphdb.claim_tokens as bigint no cycle;
comment on sequence graphdb.claim_tokens is 'Source of claim tokens; never set back';

create table if not exists graphdb.processed_runs (
  -- What the run is.
  run_id text primary key,
  source text not null,
  normalized_at timestamptz not null default now(),
  total_docs integer not null default 0,
  content_sha256 bytea,
  priority smallint not null default 0,

  -- Where it stands.
  status text not null default 'normalized',
  chunk_started_at timestamptz,
  chunk_completed_at timestamptz,
  embed_started_at timestamptz,
  embed_completed_at timestamptz,
  total_chunks integer,
  embedded_chunks integer,
  embedding_model text,
  wants_vectors boolean not null default true,

  -- Who holds it. All or nothing, except the token, which outlives the claim.
  claimed_by text,
  claimed_at timestamptz,
  claim_expires_at timestamptz,
  claimed_from text,
  claim_progress integer,
  claim_token bigint not null default nextval('graphdb.claim_tokens'),

  -- What went wrong, and when to try again.
  attempts integer not null default 0,
  available_at timestamptz,
  failed_phase text,
  last_error text,

  -- Provenance.
  code_version text,
  updated_at timestamptz not null default now(),

  -- Kept short: every statement that writes a row parses these rules anew, about 5 us for each 1,000 characters of
  -- their stored form (docs/claim-performance.md). Hence array literals for "in (…)", and no counted repeats in patterns.
  constraint run_id_is_a_folder_name
    check (run_id ~ '^[A-Za-z0-9._-]+$' and length(run_id) <= 128 and run_id <> all ('{.,..}')),
  constraint source_is_named
    check (length(source) between 1 and 128),
  constraint counts_are_not_negative
    check (least(total_docs, total_chunks, embedded_chunks, claim_progress, attempts) >= 0),
  constraint embedded_chunks_are_chunks
    check (embedded_chunks <= total_chunks),

  -- A run rests in a status, or has gone from one to a claim.
  constraint status_is_known
    check (coalesce(claimed_from || '>', '') || status = any (
             '{normalized,chunked,embedded,failed,reset,normalized>chunking,reset>chunking,chunked>embedding,reset>embedding}')),
  constraint claim_is_whole
    check (num_nonnulls(claimed_by, claimed_at, claim_expires_at, claimed_from) in (0, 4)),
  constraint claim_ends_after_it_begins
    check (claim_expires_at > claimed_at),
  constraint progress_belongs_to_a_claim
    check (claim_progress is null or claimed_by is not null),

  constraint normalized_run_has_no_marks
    check (status <> all ('{normalized,reset}')
           or num_nonnulls(chunk_completed_at, embed_completed_at, embedded_chunks) = 0),
  constraint chunks_are_counted_before_use
    check (total_chunks is not null or status <> all ('{chunked,embedding,embedded}')),
  constraint chunked_run_has_its_mark
    check (chunk_completed_at is not null or status <> 'chunked'),
  constraint embedded_run_is_complete
    check (case when status = 'embedded'
             then num_nonnulls(embed_completed_at, embedding_model) = 2 and embedded_chunks = total_chunks
             else embed_completed_at is null
           end),
  constraint failed_run_says_why
    check (status <> 'failed' or num_nonnulls(failed_phase, last_error) = 2),
  constraint failed_phase_is_known
    check (failed_phase = any ('{chunk,embed}')),
  constraint only_a_waiting_run_backs_off
    check (available_at is null or status = any ('{normalized,chunked,reset}'))
);
comment on table graphdb.processed_runs is 'The backlog: one row for each run (ingest batch). Written by the functions of this schema only';
comment on column graphdb.processed_runs.run_id is 'Names the run and its folder: letters, digits, ".", "_", "-", at most 128';
comment on column graphdb.processed_runs.source is 'confluence, dita, mixed, or another name that a caller gives';
comment on column graphdb.processed_runs.normalized_at is 'When the documents were normalized; the oldest run is claimed first';
comment on column graphdb.processed_runs.total_docs is 'Documents of the run, counted by register_run';
comment on column graphdb.processed_runs.content_sha256 is 'Hash over the documents; tells register_run whether the content changed';
comment on column graphdb.processed_runs.priority is 'Higher is claimed first';
comment on column graphdb.processed_runs.status is 'normalized, chunking, chunked, embedding, embedded, failed or reset';
comment on column graphdb.processed_runs.total_chunks is 'Chunks of the run, counted by complete_run; null when it has none yet or they were deleted';
comment on column graphdb.processed_runs.embedded_chunks is 'Chunks that have a vector, counted by complete_run in the completing transaction';
comment on column graphdb.processed_runs.embedding_model is 'Model the run was last embedded with';
comment on column graphdb.processed_runs.wants_vectors is 'False after a reset that gave the vectors up; a vector that no run wants may be deleted';
comment on column graphdb.processed_runs.claimed_by is 'Worker that holds the claim, host/pid/thread';
comment on column graphdb.processed_runs.claim_expires_at is 'End of the lease by the database clock; moved by renew_claim';
comment on column graphdb.processed_runs.claimed_from is 'Status the claim falls back to';
comment on column graphdb.processed_runs.claim_progress is 'Items done under this claim, as the worker last said';
comment on column graphdb.processed_runs.claim_token is 'Fence: changes at every claim, release, failure, expiry, reset and re-registration';
comment on column graphdb.processed_runs.attempts is 'Failures and expiries since the last completed phase or reset';
comment on column graphdb.processed_runs.available_at is 'End of the back-off; null when the run is due';

-- The queues, in the order of the claim. A run in back-off is in none of them until recover_expired_claims lets it in,
-- so that a claim never walks over what is not due.
create index if not exists ix_processed_runs_chunk_queue
  on graphdb.processed_runs (priority desc, normalized_at, run_id)
  where status in ('normalized', 'reset') and available_at is null;
create index if not exists ix_processed_runs_embed_queue
  on graphdb.processed_runs (priority desc, normalized_at, run_id)
  where (status = 'chunked' or status = 'reset' and total_chunks is not null) and available_at is null;

-- What falls due by itself: leases that run out, back-offs that end.
create index if not exists ix_processed_runs_wake
  on graphdb.processed_runs ((coalesce(claim_expires_at, available_at)))
  where claim_expires_at is not null or available_at is not null;

create index if not exists ix_processed_runs_status
  on graphdb.processed_runs (status);
create index if not exists ix_processed_runs_norm_at
  on graphdb.processed_runs (normalized_at);

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
comment on table graphdb.run_attempts is 'One row for each claim that ended, and how: the history that "runs show" prints';
comment on column graphdb.run_attempts.outcome is 'completed, released, failed, expired, reset (by force) or superseded (by new content)';
