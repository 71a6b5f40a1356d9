-- Put a run into the backlog, or tell it that its documents changed. The documents stand in graphdb.documents already,
-- written in the same transaction; they are counted, hashed and marked here. The same content changes nothing.
-- Returns 'registered', 'changed' or 'unchanged'.
create or replace function graphdb.register_run(
  p_run_id text,
  p_source text,
  p_total_docs integer default null,
  p_normalized_at timestamptz default null,
  p_code_version text default null)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := graphdb.clock();
  v_old graphdb.processed_runs := graphdb._open_run(p_run_id, p_source);
  v_total integer;
  v_content bytea;
begin
  select count(*), sha256(coalesce(string_agg(d.content_sha256, ''::bytea order by d.doc_id), ''::bytea))
  into v_total, v_content
  from graphdb.documents as d
  where d.run_id = p_run_id;

  if p_total_docs <> v_total then
    raise exception 'the number of documents of run "%" is %, not %', p_run_id, v_total, p_total_docs
      using errcode = 'TB001', hint = 'Write its documents first, in the same transaction, or pass null to have them counted.';
  end if;

  if v_old.content_sha256 = v_content and v_old.source = p_source then
    return 'unchanged';
  end if;

  perform graphdb._record_attempt(v_old, 'superseded', null);
  update graphdb.processed_runs as r
  set source = p_source, normalized_at = coalesce(p_normalized_at, v_now), total_docs = v_total, content_sha256 = v_content,
      status = 'normalized',
      chunk_started_at = null, chunk_completed_at = null, total_chunks = null,
      embed_started_at = null, embed_completed_at = null, embedded_chunks = null,
      claimed_by = null, claimed_at = null, claim_expires_at = null, claimed_from = null, claim_progress = null,
      claim_token = nextval('graphdb.claim_tokens'),
      attempts = 0, available_at = null, failed_phase = null, last_error = null,
      code_version = p_code_version, updated_at = v_now
  where r.run_id = p_run_id;
  if v_total > 0 then
    perform pg_advisory_xact_lock(graphdb._newest_lock());
    perform graphdb._mark_versions(p_run_id);
  end if;
  perform pg_notify('graphdb_backlog', 'chunk');
  return case when v_old.content_sha256 is null then 'registered' else 'changed' end;
end
$$;

comment on function graphdb.register_run(text, text, integer, timestamptz, text) is
  'Put a run into the backlog, or tell it that its documents (written in the same transaction) changed; a worker on the old content is fenced off. '
  'Returns registered, changed or unchanged. TB001: bad run id or source, or p_total_docs is not the number of documents.';
revoke all on function graphdb.register_run(text, text, integer, timestamptz, text) from public;
