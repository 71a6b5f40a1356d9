-- Replace a run's documents with the session's staged_documents and register the run, in this transaction. Documents that
-- keep_documents staged are kept. Only changed documents are written. Searches return the old versions until the run is
-- completed. Returns the result of register_run, the numbers of added, changed, removed and unchanged documents, and the
-- first thousand changes of each kind by id and title.
create or replace function graphdb.load_documents(
  p_run_id text,
  p_source text,
  p_normalized_at timestamptz default null,
  p_code_version text default null,
  p_input text default null)
returns table (
  outcome text, total_docs integer, added integer, changed integer, removed integer, unchanged integer, changes jsonb)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run graphdb.processed_runs;
  v_doc_ids text[];
begin
  perform graphdb._check_staging('staged_documents'), graphdb._check_staging('staged_unchanged');
  perform graphdb._check_name('the id of a document', s.doc_id, 1024), graphdb._check_name('a label', l.longest, 1024)
  from pg_temp.staged_documents as s
  left join lateral (select u.label from unnest(s.labels) as u (label) order by octet_length(u.label) desc limit 1) as l (longest) on true
  where octet_length(s.doc_id) > 1024 or octet_length(l.longest) > 1024;
  v_run := graphdb._open_run(p_run_id, p_source);
  perform pg_advisory_xact_lock(graphdb._newest_lock());
  truncate pg_temp.staged_hashes;
  insert into pg_temp.staged_hashes (doc_id, content_sha256)
  select s.doc_id, sha256(convert_to(jsonb_build_array(s.doc_id, s.title, s.url, s.path, s.labels, s.breadcrumbs, s.meta, s.body)::text, 'UTF8'))
  from pg_temp.staged_documents as s;
  insert into pg_temp.staged_hashes (doc_id, content_sha256)
  select u.doc_id, u.content_sha256
  from pg_temp.staged_unchanged as u
  where u.run_id = p_run_id and not exists (select from pg_temp.staged_documents as s where s.doc_id = u.doc_id);
  if exists (
    select from pg_temp.staged_unchanged as u
    left join graphdb.documents as d on d.run_id = u.run_id and d.doc_id = u.doc_id and d.is_current
    where u.run_id = p_run_id and d.content_sha256 is distinct from u.content_sha256
      and not exists (select from pg_temp.staged_documents as s where s.doc_id = u.doc_id)
  ) then
    raise exception 'another session changed documents of run "%" after keep_documents', p_run_id
      using errcode = 'serialization_failure', hint = 'Truncate staged_unchanged, and stage the documents again.';
  end if;

  with compared as (
    select coalesce(h.doc_id, d.doc_id) as doc_id, coalesce(s.title, d.title) as title,
           case
             when d.doc_id is null then 'added'
             when h.doc_id is null then 'removed'
             when d.content_sha256 <> h.content_sha256 then 'changed'
             else 'unchanged'
           end as kind
    from (select o.doc_id, o.title, o.content_sha256 from graphdb.documents as o where o.run_id = p_run_id and o.is_current) as d
    full join (pg_temp.staged_hashes as h left join pg_temp.staged_documents as s on s.doc_id = h.doc_id) on h.doc_id = d.doc_id
  ), numbered as (
    select c.*, row_number() over (partition by c.kind order by c.doc_id) as place from compared as c
  )
  select count(*) filter (where n.kind = 'added'), count(*) filter (where n.kind = 'changed'),
         count(*) filter (where n.kind = 'removed'), count(*) filter (where n.kind = 'unchanged'),
         array_agg(n.doc_id) filter (where n.kind <> 'unchanged'),
         jsonb_build_object('added', '[]'::jsonb, 'changed', '[]'::jsonb, 'removed', '[]'::jsonb) || (
           select coalesce(jsonb_object_agg(k.kind, k.documents), '{}')
           from (
             select m.kind, jsonb_agg(jsonb_build_object('doc_id', m.doc_id, 'title', m.title) order by m.doc_id) as documents
             from numbered as m
             where m.kind <> 'unchanged' and m.place <= 1000
             group by m.kind
           ) as k)
  into added, changed, removed, unchanged, v_doc_ids, changes
  from numbered as n;

  if v_doc_ids is not null then
    perform graphdb._write_staged_documents(p_run_id);
  end if;
  perform graphdb._set_languages(p_run_id);
  -- The new normalized_at may also change which version of a document is the newest if other runs contain versions of it.
  select array_agg(u.doc_id) into v_doc_ids
  from (
    select unnest(v_doc_ids)
    union
    select d.doc_id from graphdb.documents as d
    join graphdb.documents as o on o.doc_id = d.doc_id and o.run_id <> d.run_id
    where d.run_id = p_run_id
  ) as u (doc_id);
  outcome := graphdb._register_run(
    p_run_id, p_source, null, p_normalized_at, p_code_version, p_input, v_run.chunking, coalesce(v_doc_ids, '{}'));
  -- Documents that keep_documents keeps have the languages that this version detected.
  update graphdb.processed_runs as r
  set code_version = p_code_version
  where r.run_id = p_run_id and r.code_version is distinct from p_code_version and p_code_version is not null;
  select r.total_docs into total_docs from graphdb.processed_runs as r where r.run_id = p_run_id;
  return next;
end
$$;

comment on function graphdb.load_documents(text, text, timestamptz, text, text) is
  'Replace the documents of a run with staged_documents and register the run, in one transaction. '
  'Documents that keep_documents staged are kept. Only changed documents are written. Searches return the old versions until the run is completed. '
  'Returns the outcome (registered, changed or unchanged), the number of documents, the numbers of added, changed, removed and unchanged documents, and the id and title of the first 1000 documents of each kind of change. '
  'p_input is the source of the documents. TB001: bad run id or source, an id or a label of more than 1024 bytes, or no staged documents. 40001: another session changed documents after keep_documents: stage all documents.';
revoke all on function graphdb.load_documents(text, text, timestamptz, text, text) from public;
