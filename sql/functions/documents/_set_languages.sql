-- Set the stemming language of a run's documents in the session's staged_documents, and of their chunks.
-- It is the language in the metadata, or else the language that the caller detected.
create or replace function graphdb._set_languages(p_run_id text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update graphdb.documents as d
  set language = n.language
  from (
    select s.doc_id,
           coalesce(graphdb._search_language(s.meta ->> 'language'), graphdb._search_language(s.meta ->> 'lang'),
                    graphdb._search_language(s.meta #>> '{metadata,language}'), graphdb._search_language(s.language)) as language
    from pg_temp.staged_documents as s
  ) as n
  where d.run_id = p_run_id and d.doc_id = n.doc_id and d.is_current and d.language is distinct from n.language;
  if found then
    update graphdb.chunks as c
    set language = coalesce(d.language, 'english')
    from graphdb.documents as d
    where c.run_id = p_run_id and d.run_id = c.run_id and d.doc_id = c.doc_id and d.revision = c.revision and c.language <> coalesce(d.language, 'english');
  end if;
end
$$;

comment on function graphdb._set_languages(text) is
  'Set the stemming language of the documents in a run and of their chunks. '
  'It is the language in the metadata, or else the language that the caller detected.';
revoke all on function graphdb._set_languages(text) from public;
