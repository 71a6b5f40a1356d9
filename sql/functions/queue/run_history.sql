-- Return the finished claims of a run, in the order in which they began.
-- Documents that the caller, or p_as, may not read do not count. If the run has such documents, errors are omitted,
-- because they may name the documents.
create or replace function graphdb.run_history(p_run_id text, p_as text[] default null)
returns setof graphdb.run_attempts
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select a.run_id, a.claim_token, a.phase, a.worker, a.started_at, a.ended_at, a.outcome,
         (a.total_docs - least(a.total_docs, coalesce(h.documents, 0)))::integer,
         (a.total_chunks - least(a.total_chunks, coalesce(h.chunks, 0)))::integer,
         (a.embedded_chunks - least(a.embedded_chunks, coalesce(h.chunks, 0)))::integer,
         case when h.run_id is null then a.error end
  from graphdb.run_attempts as a
  left join graphdb._hidden_documents(p_as) as h on h.run_id = a.run_id
  where a.run_id = p_run_id
  order by a.claim_token
$$;

comment on function graphdb.run_history(text, text[]) is
  'Return the finished claims of a run, in the order in which they began: phase, worker, times, outcome, counts and error. '
  'Documents that the caller, or p_as, may not read do not count. If the run has such documents, errors are omitted.';
revoke all on function graphdb.run_history(text, text[]) from public;
