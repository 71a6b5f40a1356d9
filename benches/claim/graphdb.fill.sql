-- Creates a backlog with :runs runs without documents, and :finished embedded runs with their history.
truncate graphdb.processed_runs, graphdb.run_attempts cascade;
insert into graphdb.processed_runs
  (run_id, source, normalized_at, status, chunk_started_at, chunk_completed_at, embed_started_at, embed_completed_at,
   total_chunks, embedded_chunks, embedding_model)
select 'old-' || lpad(i::text, 8, '0'), 'dita', t, 'embedded', t, t, t, t, 0, 0, 'bench'
from generate_series(1, :finished) as i, lateral (select now() - interval '9 days' + i * interval '1 ms') as old(t);
insert into graphdb.run_attempts (run_id, claim_token, phase, worker, started_at, ended_at, outcome, total_docs, total_chunks, embedded_chunks)
select r.run_id, nextval('graphdb.claim_tokens'), phase, 'host/4242/1', r.normalized_at, r.normalized_at, 'completed', 0, 0, 0
from graphdb.processed_runs as r, unnest('{chunk,embed}'::text[]) as phase;
insert into graphdb.processed_runs (run_id, source, normalized_at)
select 'run-' || lpad(i::text, 8, '0'), 'dita', now() - interval '1 day' + i * interval '1 ms'
from generate_series(1, :runs) as i;
vacuum analyze graphdb.processed_runs, graphdb.run_attempts;
checkpoint;
