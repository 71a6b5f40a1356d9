-- Return the text search configuration for a language name: an ISO code with or without a region (de, de-AT, deu), or an
-- English name. It is simple if PostgreSQL has no stemmer for the language, and null if the string is not a language.
create or replace function graphdb._search_language(p_language text)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  with named as (
    select lower(substring(p_language from '^([A-Za-z]+)(?:[-_.@].*)?$') collate "C") as name
  )
  select coalesce(
    (select l.configuration
     from named as n
     join (values
       ('arabic', 'ar', 'ara'), ('armenian', 'hy', 'hye'), ('basque', 'eu', 'eus'), ('catalan', 'ca', 'cat'), ('danish', 'da', 'dan'),
       ('dutch', 'nl', 'nld'), ('english', 'en', 'eng'), ('estonian', 'et', 'est'), ('finnish', 'fi', 'fin'), ('french', 'fr', 'fra'),
       ('german', 'de', 'deu'), ('greek', 'el', 'ell'), ('hindi', 'hi', 'hin'), ('hungarian', 'hu', 'hun'), ('indonesian', 'id', 'ind'),
       ('irish', 'ga', 'gle'), ('italian', 'it', 'ita'), ('lithuanian', 'lt', 'lit'), ('nepali', 'ne', 'nep'), ('norwegian', 'no', 'nor'),
       ('norwegian', 'nb', 'nob'), ('norwegian', 'nn', 'nno'), ('portuguese', 'pt', 'por'), ('romanian', 'ro', 'ron'), ('russian', 'ru', 'rus'),
       ('serbian', 'sr', 'srp'), ('spanish', 'es', 'spa'), ('swedish', 'sv', 'swe'), ('tamil', 'ta', 'tam'), ('turkish', 'tr', 'tur'),
       ('yiddish', 'yi', 'yid'), ('simple', 'simple', 'simple'),
       -- Texts in these scripts are searched by pairs of characters. Their words with ASCII letters are English.
       ('english', 'ja', 'jpn'), ('english', 'zh', 'zho'), ('english', 'ko', 'kor'), ('english', 'th', 'tha'))
       as l (configuration, code, code3)
       on n.name in (l.configuration, l.code, l.code3)
     limit 1),
    case when (select n.name from named as n) ~ '^[a-z]{2,3}$' then 'simple' end)
$$;

comment on function graphdb._search_language(text) is
  'Return the text search configuration for a language name, such as german for de-AT. '
  'It is simple for a language without a stemmer, and null if the string is not a language.';
revoke all on function graphdb._search_language(text) from public;
