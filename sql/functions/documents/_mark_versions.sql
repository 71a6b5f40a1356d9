-- Update is_newest, is_searched and newer_readers of these documents after they changed, or after a run that contains them
-- completed a phase. One version of each document is the newest. One version is searched: the newest of the most
-- searchable versions (_readiness). Therefore a new version replaces the old version only when it is equally
-- searchable. The readers of the newest version also apply to all older versions. Therefore a page that becomes
-- restricted is hidden at once, while searches still return an older version. A revision that is neither current nor
-- searched is deleted, unless it is kept for a switch back to another model. The caller must hold _newest_lock.
-- Otherwise, two loads with a common document would each see only their own version.
create or replace function graphdb._mark_versions(p_doc_ids text[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(graphdb._marks_lock());
  update graphdb.documents as d
  set is_newest = n.is_newest, is_searched = n.is_searched, newer_readers = case when not n.is_newest then n.newest_readers end
  from (
    select v.run_id, v.doc_id, v.revision,
           v.is_current
             and row_number() over (partition by v.doc_id order by v.is_current desc, r.normalized_at desc, v.run_id desc) = 1 as is_newest,
           first_value(graphdb._document_readers(v.meta, null))
             over (partition by v.doc_id order by v.is_current desc, r.normalized_at desc, v.run_id desc) as newest_readers,
           row_number() over (
             partition by v.doc_id
             order by v.kept_for is null desc, graphdb._readiness(r, v) desc, r.normalized_at desc, v.run_id desc, v.is_current desc) = 1 and v.is_findable and v.kept_for is null as is_searched
    from (select distinct u.doc_id from unnest(p_doc_ids) as u (doc_id)) as u
    join graphdb.documents as v on v.doc_id = u.doc_id
    join graphdb.processed_runs as r on r.run_id = v.run_id
  ) as n
  where d.run_id = n.run_id and d.doc_id = n.doc_id and d.revision = n.revision
    and (d.is_newest, d.is_searched, d.newer_readers)
      is distinct from (n.is_newest, n.is_searched, case when not n.is_newest then n.newest_readers end);

  delete from graphdb.documents as d
  where not d.is_searched and not d.is_current and d.kept_for is null and d.doc_id = any (p_doc_ids);
  perform graphdb._settle_restrictions(p_doc_ids);
end
$$;

comment on function graphdb._mark_versions(text[]) is
  'Update is_newest, is_searched and newer_readers of these documents, and delete revisions that are neither current nor searched.';
revoke all on function graphdb._mark_versions(text[]) from public;
