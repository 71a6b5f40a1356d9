-- Stage the documents of a run that did not change, by id and hash. load_documents keeps them. Return the ids of the other
-- documents, which the caller must copy into staged_documents. If another version of the code loaded the run, these are all
-- documents, because it may have detected other languages.
create or replace function graphdb.keep_documents(p_run_id text, p_code_version text, p_doc_ids text[], p_sha256s bytea[])
returns setof text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform graphdb._check_staging('staged_unchanged');
  return query
    with given as (
      select g.doc_id, g.content_sha256 from unnest(p_doc_ids, p_sha256s) as g (doc_id, content_sha256)
    ), kept as (
      insert into pg_temp.staged_unchanged (run_id, doc_id, content_sha256)
      select d.run_id, d.doc_id, d.content_sha256
      from given as g
      join graphdb.documents as d on d.run_id = p_run_id and d.doc_id = g.doc_id and d.is_current and d.content_sha256 = g.content_sha256
      join graphdb.processed_runs as r on r.run_id = d.run_id and r.code_version = p_code_version
      on conflict do nothing
      returning doc_id
    )
    select g.doc_id from given as g where not exists (select from kept as k where k.doc_id = g.doc_id);
end
$$;

comment on function graphdb.keep_documents(text, text, text[], bytea[]) is
  'Stage the documents of a run that have these hashes (documents.content_sha256), and that this version of the code loaded. '
  'load_documents keeps them. Returns the ids of the other documents: copy them into staged_documents.';
revoke all on function graphdb.keep_documents(text, text, text[], bytea[]) from public;
