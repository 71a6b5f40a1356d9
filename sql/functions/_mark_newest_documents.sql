-- Keep one row of each document marked as its newest version, after the documents of a run changed; p_deleted left it.
-- The caller holds _newest_lock: two loads with a document in common would each see only their own version.
create or replace function graphdb._mark_newest_documents(p_run_id text, p_deleted text[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update graphdb.documents as d
  set is_newest = (d.run_id = n.run_id)
  from (
    select distinct on (v.doc_id) v.doc_id, v.run_id
    from graphdb.documents as v
    join graphdb.processed_runs as r on r.run_id = v.run_id
    where v.doc_id in (select o.doc_id from graphdb.documents as o where o.run_id = p_run_id) or v.doc_id = any (p_deleted)
    order by v.doc_id, r.normalized_at desc, v.run_id desc
  ) as n
  where d.doc_id = n.doc_id and d.is_newest <> (d.run_id = n.run_id);
end
$$;

comment on function graphdb._mark_newest_documents(text, text[]) is
  'Keep one row of each document marked as its newest version, after the documents of a run changed; p_deleted left it.';
revoke all on function graphdb._mark_newest_documents(text, text[]) from public;
