-- Replace the chunks of a claimed run with the session's staged_chunks. Only documents whose chunks have changed are
-- written, because parsing the words of a text is the slowest step. With p_chunking, staged_chunks contains only chunks
-- of the documents that run_documents returned for the same p_chunking, and all other documents keep their chunks.
-- Searches return the old chunks of a document until the new chunks are equally searchable. Returns the number of
-- staged chunks.
create or replace function graphdb.replace_chunks(p_run_id text, p_claim_token bigint, p_chunking text default null)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run graphdb.processed_runs;
  v_differing text[];
begin
  perform graphdb._check_staging('staged_chunks');
  v_run := graphdb._locked_claim(p_run_id, p_claim_token);
  if v_run.status <> 'chunking' then
    raise exception 'claim % on run "%" is not for the chunk phase', p_claim_token, p_run_id
      using errcode = 'TB001', hint = format('The status of the run is %s. Claim the run with graphdb.claim_run(''chunk'', …).', v_run.status);
  end if;

  if not graphdb._keeps_chunks(v_run, p_chunking) then
    select array_agg(distinct c.doc_id) into v_differing
    from graphdb._current_chunks(p_run_id) as c
    where not exists (
      select from pg_temp.staged_chunks as s
      where s.doc_id = c.doc_id and s.ord = c.ord
        and (s.byte_start, s.byte_end, s.heading_path, s.kind, s.token_count, s.text)
          = (c.byte_start, c.byte_end, c.heading_path, c.kind, c.token_count, c.text));
    if v_differing is not null then
      perform pg_advisory_xact_lock(graphdb._newest_lock());
      perform graphdb._retain_revisions(p_run_id, v_differing);
      delete from graphdb.document_vectors as v
      using graphdb.documents as d
      where d.run_id = p_run_id and d.doc_id = any (v_differing) and d.is_current
        and v.run_id = d.run_id and v.doc_id = d.doc_id and v.revision = d.revision;
      delete from graphdb.chunks as c
      using graphdb.documents as d
      where d.run_id = p_run_id and d.doc_id = any (v_differing) and d.is_current
        and c.run_id = d.run_id and c.doc_id = d.doc_id and c.revision = d.revision
        and not exists (
          select from pg_temp.staged_chunks as s
          where s.doc_id = c.doc_id and s.ord = c.ord
            and (s.byte_start, s.byte_end, s.heading_path, s.kind, s.token_count, s.text)
              = (c.byte_start, c.byte_end, c.heading_path, c.kind, c.token_count, c.text));
    end if;
  end if;
  with written as (
    insert into graphdb.chunks
      (run_id, doc_id, revision, ord, byte_start, byte_end, heading_path, kind, token_count, text, input_sha256, language, is_restricted)
    select p_run_id, s.doc_id, coalesce(d.revision, 1), s.ord, s.byte_start, s.byte_end, s.heading_path, s.kind, s.token_count, s.text,
           sha256(convert_to(s.text, 'UTF8')), graphdb._search_configuration(d.language), d.readers is not null
    from pg_temp.staged_chunks as s
    left join graphdb.documents as d on d.run_id = p_run_id and d.doc_id = s.doc_id and d.is_current
    where not exists (
      select from graphdb.chunks as c
      where c.run_id = p_run_id and c.doc_id = s.doc_id and c.revision = d.revision and c.ord = s.ord)
    returning doc_id, revision, input_sha256
  ), changed as (
    -- graphdb.refresh_search computes the means again for documents whose chunks have changed.
    delete from graphdb.document_vectors as v
    where v.run_id = p_run_id and (v.doc_id, v.revision) in (select w.doc_id, w.revision from written as w)
  )
  insert into graphdb.vocabulary_pending (input_sha256) select w.input_sha256 from written as w;

  -- total_chunks stays null, so that the run is not embedded before complete_run has verified the chunks.
  update graphdb.processed_runs as r
  set total_chunks = null, chunking = p_chunking
  where r.run_id = p_run_id and (r.total_chunks is not null or r.chunking is distinct from p_chunking);
  return (select count(*) from pg_temp.staged_chunks);
end
$$;

comment on function graphdb.replace_chunks(text, bigint, text) is
  'Replace the chunks of a claimed run with staged_chunks. Only documents whose chunks have changed are written. '
  'Call complete_run in the same transaction. Returns the number of staged chunks. p_chunking: the value that was passed to run_documents. '
  'Documents that run_documents did not return keep their chunks. TB001: the claim is for another phase. TB002: claim lost.';
revoke all on function graphdb.replace_chunks(text, bigint, text) from public;
