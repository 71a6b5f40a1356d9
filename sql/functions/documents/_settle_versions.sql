-- Make the documents of a run that has just completed a phase searchable. Update the marks, and then delete documents
-- that the run no longer contains but that searches still return. After the chunk phase, documents with vectors stay,
-- because searches cannot find the new documents by vector yet. If another run now contains such a document, the old
-- version stays until the version in that run is equally searchable. The caller must hold _newest_lock.
create or replace function graphdb._settle_versions(p_run_id text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_doc_ids text[];
begin
  select array_agg(d.doc_id) into v_doc_ids
  from graphdb.documents as d
  where d.run_id = p_run_id and (not d.is_searched and d.is_findable or not d.is_current) and d.kept_for is null;
  perform graphdb._mark_versions(v_doc_ids);

  with gone as (
    delete from graphdb.documents as d
    using graphdb.processed_runs as r
    where d.doc_id = any (v_doc_ids) and not d.is_current and r.run_id = d.run_id
      and (r.embed_completed_at is not null or r.chunk_completed_at is not null and graphdb._readiness(r, d) < 2)
      and not exists (
        select from graphdb.documents as o
        join graphdb.processed_runs as q on q.run_id = o.run_id
        where o.doc_id = d.doc_id and o.is_current
          and (o.run_id = d.run_id or graphdb._readiness(q, o) < graphdb._readiness(r, d)))
    returning d.doc_id
  )
  select array_agg(gone.doc_id) into v_doc_ids from gone;
  if v_doc_ids is not null then
    perform graphdb._mark_versions(v_doc_ids);
  end if;
end
$$;

comment on function graphdb._settle_versions(text) is
  'Make the documents of a run that has just completed a phase searchable, and delete the documents that the run no longer contains.';
revoke all on function graphdb._settle_versions(text) from public;
