-- Return the other runs that contain versions of a run's documents, and the number of these documents. The run with the
-- highest number comes first. If the numbers are equal, the newest run comes first. Documents that the caller may not
-- read are counted only if the caller may read as any principal.
create or replace function graphdb.overlapping_runs(p_run_id text)
returns table (run_id text, documents bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select r.run_id, count(*)
  from graphdb.documents as d
  join graphdb.documents as v on v.doc_id = d.doc_id and v.run_id <> d.run_id and v.is_current
  join graphdb.processed_runs as r on r.run_id = v.run_id
  where d.run_id = p_run_id and d.is_current
    and ((select graphdb.reads_all()) or graphdb.may_read(d.readers, (select graphdb.principals())))
  group by r.run_id
  order by count(*) desc, r.normalized_at desc, r.run_id
$$;

comment on function graphdb.overlapping_runs(text) is
  'Return the other runs that contain versions of documents in this run, and the number of these documents. '
  'The run with the highest number comes first. If the numbers are equal, the newest run comes first. '
  'Documents that the caller may not read are counted only if the caller may read as any principal.';
revoke all on function graphdb.overlapping_runs(text) from public;
