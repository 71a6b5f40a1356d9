-- Implement register_run for a caller that knows which documents have changed. p_doc_ids contains the documents whose marks
-- may change (null: all documents of the run). p_input is the source of the documents. p_chunking describes how the
-- remaining chunks were made.
create or replace function graphdb._register_run(
  p_run_id text,
  p_source text,
  p_total_docs integer,
  p_normalized_at timestamptz,
  p_code_version text,
  p_input text,
  p_chunking text,
  p_doc_ids text[])
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := graphdb.clock();
  v_old graphdb.processed_runs := graphdb._open_run(p_run_id, p_source);
  v_total integer;
  v_content bytea;
  v_doc_ids text[] := p_doc_ids;
begin
  perform graphdb._check_name('the version of the code', p_code_version, 128);
  if p_normalized_at not between '0001-01-01' and '9999-12-31' then
    raise exception 'a run cannot be normalized at %', p_normalized_at
      using errcode = 'TB001', hint = 'Pass a time in the years 1 to 9999, or null for the current time.';
  end if;
  select count(*), sha256(coalesce(string_agg(d.content_sha256, ''::bytea order by d.doc_id), ''::bytea))
  into v_total, v_content
  from graphdb.documents as d
  where d.run_id = p_run_id and d.is_current;

  if p_total_docs <> v_total then
    raise exception 'the number of documents of run "%" is %, not %', p_run_id, v_total, p_total_docs
      using errcode = 'TB001', hint = 'Write the documents first, in the same transaction, or pass null to let the function count them.';
  end if;

  if v_old.content_sha256 = v_content and v_old.source = p_source then
    if p_input <> v_old.input or p_input is not null and v_old.input is null then
      update graphdb.processed_runs as r set input = p_input where r.run_id = p_run_id;
    end if;
    return 'unchanged';
  end if;

  perform graphdb._record_attempt(v_old, 'superseded', null);
  update graphdb.processed_runs as r
  set source = p_source, input = coalesce(p_input, r.input), chunking = p_chunking,
      normalized_at = coalesce(p_normalized_at, v_now), total_docs = v_total, content_sha256 = v_content,
      status = 'normalized',
      chunk_started_at = null, chunk_completed_at = null, total_chunks = null,
      embed_started_at = null, embed_completed_at = null, embedded_chunks = null,
      claimed_by = null, claimed_at = null, claim_expires_at = null, claimed_from = null, claim_progress = null,
      claim_token = graphdb._next_token(r.claim_token),
      attempts = 0, available_at = null, failed_phase = null, last_error = null,
      code_version = p_code_version, updated_at = v_now
  where r.run_id = p_run_id;
  if v_doc_ids is null then
    select array_agg(d.doc_id) into v_doc_ids from graphdb.documents as d where d.run_id = p_run_id;
  end if;
  if v_doc_ids <> '{}' then
    perform pg_advisory_xact_lock(graphdb._newest_lock());
    perform graphdb._mark_versions(v_doc_ids);
  end if;
  perform pg_notify('graphdb_backlog', 'chunk');
  return case when v_old.content_sha256 is null then 'registered' else 'changed' end;
end
$$;

comment on function graphdb._register_run(text, text, integer, timestamptz, text, text, text, text[]) is
  'Implement register_run for a caller that knows which documents have changed. '
  'p_doc_ids contains the documents whose marks may change (null: all documents of the run), p_input is the source of the documents, '
  'and p_chunking describes how the remaining chunks were made.';
revoke all on function graphdb._register_run(text, text, integer, timestamptz, text, text, text, text[]) from public;
