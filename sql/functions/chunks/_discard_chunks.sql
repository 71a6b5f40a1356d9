-- Leave the current documents of these runs without chunks. For a document that searches return, create a new revision.
-- Searches return the old revision and its chunks until the new revision is searchable. With p_dry_run, the chunks are
-- only counted. Otherwise, the caller must hold _newest_lock.
create or replace function graphdb._discard_chunks(p_run_ids text[], p_dry_run boolean)
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run_id text;
  v_count bigint := 0;
begin
  foreach v_run_id in array coalesce(p_run_ids, '{}') loop
    v_count := v_count + (select count(*) from graphdb._current_chunks(v_run_id));
    if not p_dry_run then
      perform graphdb._retain_revisions(v_run_id, array_agg(d.doc_id))
      from graphdb.documents as d where d.run_id = v_run_id and d.is_current and d.is_searched;
      delete from graphdb.document_vectors as v
      using graphdb.documents as d
      where d.run_id = v_run_id and d.is_current and v.run_id = d.run_id and v.doc_id = d.doc_id and v.revision = d.revision;
      delete from graphdb.chunks as c
      using graphdb.documents as d
      where d.run_id = v_run_id and d.is_current and c.run_id = d.run_id and c.doc_id = d.doc_id and c.revision = d.revision;
    end if;
  end loop;
  return v_count;
end
$$;

comment on function graphdb._discard_chunks(text[], boolean) is
  'Leave the current documents of these runs without chunks. Searches return the old chunks until the runs have new chunks. '
  'With p_dry_run, the chunks are only counted.';
revoke all on function graphdb._discard_chunks(text[], boolean) from public;
