-- Reset selected runs. The scope 'processed' resets their phases. The scope 'embeddings' also marks their vectors as
-- stale. The scope 'all' also removes their chunks if p_delete_chunks is set. Vectors that another run needs are kept.
-- Searches use the old chunks and vectors until new ones replace them. Runs under a live claim are skipped and counted,
-- unless p_force is set. With p_force, their workers lose the claim. With p_dry_run, the runs are only counted. If
-- p_max_runs is set, repeat the call with p_after = last_run_id until last_run_id is null.
create or replace function graphdb.reset_runs(
  p_filter jsonb default null,
  p_scope text default 'processed',
  p_dry_run boolean default false,
  p_force boolean default false,
  p_max_runs integer default null,
  p_delete_chunks boolean default false,
  p_after text default '')
returns table (
  matched bigint, reset bigint, unchanged bigint, skipped bigint, fenced bigint,
  deleted_vectors bigint, deleted_chunks bigint, last_run_id text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now timestamptz := graphdb.clock();
  v_matched graphdb.processed_runs[];
  v_reset text[];
  v_marked text[];
begin
  if p_scope is null or p_scope not in ('processed', 'embeddings', 'all') then
    raise exception 'unknown reset scope %', graphdb._shown(p_scope)
      using errcode = 'TB001', hint = 'Pass ''processed'', ''embeddings'' or ''all''.';
  end if;
  if num_nulls(p_dry_run, p_force, p_delete_chunks, p_after) > 0 then
    raise exception 'p_dry_run, p_force, p_delete_chunks and p_after cannot be null'
      using errcode = 'TB001', hint = 'Omit a parameter to use its default.';
  end if;
  if p_scope <> 'processed' and not p_dry_run then
    perform pg_advisory_xact_lock(graphdb._vectors_lock());
  end if;

  v_matched := graphdb._selected_runs(p_filter, p_after, p_max_runs, not p_dry_run);
  select count(*), max(m.run_id) filter (where m.place = p_max_runs),
         count(*) filter (where k.kind = 'skip'), count(*) filter (where k.kind = 'keep'),
         count(*) filter (where k.kind = 'fence'), count(*) filter (where k.kind in ('reset', 'fence')),
         array_agg(m.run_id) filter (where k.kind in ('reset', 'fence'))
  into matched, last_run_id, skipped, unchanged, fenced, reset, v_reset
  from (select (u).*, row_number() over (order by (u).run_id) as place from unnest(v_matched) as u) as m
  cross join lateral (
    select case
      when m.claim_expires_at > v_now and not p_force then 'skip'
      when m.claim_expires_at > v_now then 'fence'
      when m.status = 'reset' and m.attempts = 0 and m.available_at is null and m.last_error is null
           and (p_scope = 'processed' or not m.wants_vectors)
           and not (p_scope = 'all' and p_delete_chunks and exists (select from graphdb._current_chunks(m.run_id))) then 'keep'
      else 'reset'
    end as kind
  ) as k;

  deleted_vectors := 0;
  deleted_chunks := 0;
  if p_scope <> 'processed' then
    deleted_vectors := graphdb._expire_vectors(v_reset, p_dry_run);
  end if;
  if p_scope = 'all' and p_delete_chunks then
    if not p_dry_run then
      perform pg_advisory_xact_lock(graphdb._newest_lock());
    end if;
    deleted_chunks := graphdb._discard_chunks(v_reset, p_dry_run);
  end if;
  if p_dry_run or v_reset is null then
    return next;
    return;
  end if;

  perform graphdb._record_attempt(
    u, 'reset', case when (u).claim_expires_at > v_now then 'reset by force' else 'reset after its lease had run out' end)
  from unnest(v_matched) as u where (u).run_id = any (v_reset);
  update graphdb.processed_runs as r
  set status = 'reset',
      chunk_started_at = null, chunk_completed_at = null, embed_started_at = null, embed_completed_at = null,
      embedded_chunks = null,
      total_chunks = case when p_scope = 'all' and p_delete_chunks then null else r.total_chunks end,
      wants_vectors = r.wants_vectors and p_scope = 'processed',
      embedding_model = case p_scope when 'processed' then r.embedding_model end,
      claimed_by = null, claimed_at = null, claim_expires_at = null, claimed_from = null, claim_progress = null,
      claim_token = graphdb._next_token(r.claim_token),
      attempts = 0, available_at = null, failed_phase = null, last_error = null,
      updated_at = v_now
  where r.run_id = any (v_reset);

  if deleted_vectors + deleted_chunks > 0 then
    -- For documents of these runs, searches may now have to return the versions in other runs. Mark these versions when no load is in
    -- progress.
    perform pg_advisory_xact_lock(graphdb._newest_lock());
    select array_agg(d.doc_id) into v_marked
    from graphdb.documents as d
    join graphdb.documents as o on o.doc_id = d.doc_id and (o.run_id, o.revision) <> (d.run_id, d.revision)
    where d.run_id = any (v_reset);
    if v_marked is not null then
      perform graphdb._mark_versions(v_marked);
    end if;
  end if;
  perform pg_notify('graphdb_backlog', 'chunk');
  return next;
end
$$;

comment on function graphdb.reset_runs(jsonb, text, boolean, boolean, integer, boolean, text) is
  'Reset selected runs. The scope ''processed'' resets their phases. '
  'The scope ''embeddings'' also marks the vectors that no other run needs as stale. '
  'The scope ''all'' also removes chunks if p_delete_chunks is set. Searches use the old chunks and vectors until new ones replace them. '
  'Live claims are skipped unless p_force is set. With p_dry_run, the runs are only counted. '
  'If p_max_runs is set, repeat the call with p_after = last_run_id until last_run_id is null. TB001: bad filter or scope.';
revoke all on function graphdb.reset_runs(jsonb, text, boolean, boolean, integer, boolean, text) from public;
