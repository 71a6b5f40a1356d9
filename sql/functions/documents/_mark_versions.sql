-- Keep two marks right after a run's documents or its readiness changed; p_deleted left it. Of all versions of a document
-- one is the newest, and one is searched: the newest of those that are readiest, so that a new version takes the place of
-- the old one only when it can be found as well.
-- The caller holds _newest_lock: two loads with a document in common would each see only their own version.
create or replace function graphdb._mark_versions(p_run_id text, p_deleted text[] default null)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(graphdb._marks_lock());
  update graphdb.documents as d
  set is_newest = n.is_newest, is_searched = n.is_searched
  from (
    select v.run_id, v.doc_id,
           row_number() over (partition by v.doc_id order by r.normalized_at desc, v.run_id desc) = 1 as is_newest,
           row_number() over (partition by v.doc_id order by graphdb._readiness(r, v.doc_id) desc, r.normalized_at desc, v.run_id desc) = 1 as is_searched
    from graphdb.documents as v
    join graphdb.processed_runs as r on r.run_id = v.run_id
    where v.doc_id in (select o.doc_id from graphdb.documents as o where o.run_id = p_run_id union all select unnest(p_deleted))
  ) as n
  where d.run_id = n.run_id and d.doc_id = n.doc_id and (d.is_newest, d.is_searched) <> (n.is_newest, n.is_searched);
end
$$;

comment on function graphdb._mark_versions(text, text[]) is
  'Keep the marks is_newest and is_searched right after a run''s documents or its readiness changed; p_deleted left it.';
revoke all on function graphdb._mark_versions(text, text[]) from public;
