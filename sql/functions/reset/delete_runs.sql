-- Delete selected runs with their documents, chunks and history, and the vectors that no other run needs. If other runs
-- contain versions of these documents, searches then show those versions. Runs under a live claim are skipped and counted, unless
-- p_force is set. With p_force, their workers lose the claim. With p_dry_run, the runs are only counted. If p_max_runs is
-- set, repeat the call with p_after = last_run_id until last_run_id is null.
create or replace function graphdb.delete_runs(
  p_filter jsonb,
  p_dry_run boolean default false,
  p_force boolean default false,
  p_max_runs integer default null,
  p_after text default '')
returns table (
  matched bigint, deleted bigint, skipped bigint, fenced bigint,
  deleted_documents bigint, deleted_chunks bigint, deleted_vectors bigint, last_run_id text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := graphdb.clock();
  v_matched graphdb.processed_runs[];
  v_deleted text[];
  v_doc_ids text[];
begin
  perform graphdb._require_filter(p_filter);
  if num_nulls(p_dry_run, p_force, p_after) > 0 then
    raise exception 'p_dry_run, p_force and p_after cannot be null'
      using errcode = 'TB001', hint = 'Omit a parameter to use its default.';
  end if;
  if not p_dry_run then
    perform pg_advisory_xact_lock(graphdb._vectors_lock());
  end if;
  v_matched := graphdb._selected_runs(p_filter, p_after, p_max_runs, not p_dry_run);

  select count(*), max(m.run_id) filter (where m.place = p_max_runs),
         count(*) filter (where m.is_live and not p_force), count(*) filter (where m.is_live and p_force),
         count(*) filter (where p_force or not m.is_live), array_agg(m.run_id) filter (where p_force or not m.is_live)
  into matched, last_run_id, skipped, fenced, deleted, v_deleted
  from (
    select (u).run_id, coalesce((u).claim_expires_at > v_now, false) as is_live, row_number() over (order by (u).run_id) as place
    from unnest(v_matched) as u
  ) as m;

  deleted_vectors := graphdb._discard_vectors(v_deleted, p_dry_run);
  -- Documents that are not current but that searches still return are also deleted. Their chunks are not counted.
  select count(*) into deleted_chunks from unnest(v_deleted) as u (run_id) cross join lateral graphdb._current_chunks(u.run_id);
  if p_dry_run then
    select count(*) into deleted_documents from graphdb.documents as d where d.run_id = any (v_deleted) and d.is_current;
    return next;
    return;
  end if;

  -- Take this lock before deleting documents. Otherwise, a load that marks versions could deadlock with this function.
  perform pg_advisory_xact_lock(graphdb._newest_lock());
  with gone as (
    delete from graphdb.documents as d where d.run_id = any (v_deleted) returning d.doc_id, d.is_current
  )
  select count(*) filter (where gone.is_current), array_agg(distinct gone.doc_id) into deleted_documents, v_doc_ids from gone;
  delete from graphdb.run_attempts as a where a.run_id = any (v_deleted);
  delete from graphdb.processed_runs as r where r.run_id = any (v_deleted);
  if v_doc_ids is not null then
    perform graphdb._mark_versions(v_doc_ids);
  end if;
  return next;
end
$$;

comment on function graphdb.delete_runs(jsonb, boolean, boolean, integer, text) is
  'Delete selected runs with their documents, chunks and history, and the vectors that no other run needs. '
  'If other runs contain versions of these documents, searches then show those versions. Live claims are skipped unless p_force is set. '
  'With p_dry_run, the runs are only counted. '
  'If p_max_runs is set, repeat the call with p_after = last_run_id until last_run_id is null. The filter ''{}'' selects all runs. '
  'TB001: bad filter, or null.';
revoke all on function graphdb.delete_runs(jsonb, boolean, boolean, integer, text) from public;
