-- Return the text search configuration for a language (graphdb._search_language). It is english if the language is unknown
-- (null), and for languages whose scripts are searched by pairs of characters, because the ASCII words in their documents
-- are English. It is simple if PostgreSQL has no stemmer for the language.
create or replace function graphdb._search_configuration(p_language text)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_language is null or p_language in ('chinese', 'japanese', 'korean', 'thai') then 'english'
    when p_language in (
      'arabic', 'armenian', 'basque', 'catalan', 'danish', 'dutch', 'english', 'estonian', 'finnish', 'french', 'german', 'greek', 'hindi',
      'hungarian', 'indonesian', 'irish', 'italian', 'lithuanian', 'nepali', 'norwegian', 'portuguese', 'romanian', 'russian', 'serbian',
      'spanish', 'swedish', 'tamil', 'turkish', 'yiddish') then p_language
    else 'simple' end
$$;

comment on function graphdb._search_configuration(text) is
  'Return the text search configuration for a language. It is simple if PostgreSQL has no stemmer for the language.';
revoke all on function graphdb._search_configuration(text) from public;
