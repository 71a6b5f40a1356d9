-- Set the language of a run's documents in the session's staged_documents, and the configuration for stemming their chunks.
-- This is the language in the metadata or, if there is none, the language that the caller detected.
create or replace function graphdb._set_languages(p_run_id text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  with staged as (
    select s.doc_id, jsonb_build_array(s.meta ->> 'language', s.meta ->> 'lang', s.meta #>> '{metadata,language}', s.language) as names
    from pg_temp.staged_documents as s
  ), languages as materialized (
    -- Parse each language only once, because many documents have few languages.
    select n.names,
           (select graphdb._search_language(e.name) as language
            from jsonb_array_elements_text(n.names) with ordinality as e (name, place)
            where graphdb._search_language(e.name) is not null
            order by e.place
            limit 1)
    from (select distinct s.names from staged as s) as n
  ), changed as (
    update graphdb.documents as d
    set language = l.language
    from staged as s
    join languages as l on l.names = s.names
    where d.run_id = p_run_id and d.doc_id = s.doc_id and d.is_current and d.language is distinct from l.language
    returning d.doc_id, d.revision, d.language
  )
  update graphdb.chunks as c
  set language = graphdb._search_configuration(d.language)
  from changed as d
  where c.run_id = p_run_id and c.doc_id = d.doc_id and c.revision = d.revision and c.language <> graphdb._search_configuration(d.language);
end
$$;

comment on function graphdb._set_languages(text) is
  'Set the language of the documents in a run, and the configuration for stemming their chunks. '
  'This is the language in the metadata or, if there is none, the language that the caller detected.';
revoke all on function graphdb._set_languages(text) from public;
