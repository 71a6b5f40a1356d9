-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
-- squawk-ignore-file adding-field-with-default, ban-drop-column, ban-drop-function, require-concurrent-index-creation
-- Searches find the same words with every locale of the server and in every language. This migration computes the words of
-- all chunks again.

alter table if exists graphdb.chunks drop column if exists search_vector;
drop function if exists graphdb._search_vector(text[], text);
drop function if exists graphdb.search(text, @extschema:vector@.vector, text, integer, jsonb);
drop function if exists graphdb._search_condition(jsonb);
drop function if exists graphdb._search_demand(text);
drop function if exists graphdb._search_question(text);
drop function if exists graphdb._search_statement(text, graphdb.embedding_models, jsonb);
drop function if exists graphdb._search_terms(text, float8);

-- The functions of this file compute chunks.search_vector. Change them only in a migration that computes the column again.
-- They do not depend on the locale. They convert letters to lower case and separate words by Unicode category, so
-- PostgreSQL's parser receives only ASCII letters and digits.

-- Return a text in lower case and in Unicode form NFKC, without joiners and soft hyphens. Accents stay.
create or replace function graphdb._search_text(p_text text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_text text;
begin
  if octet_length(p_text) = length(p_text) then
    return lower(p_text collate "C");
  end if;
  v_text := translate(normalize(p_text, nfkd), e'\u00ad\u061c\u180e\u200c\u200d\u200e\u200f\u2060\ufeff', '');
  v_text := lower(v_text collate "C");
  -- These characters do not decompose into ASCII letters. Few texts contain them, and translate() compares each character with all of them.
  if v_text ~ e'[\\u00c6-\\u024e]' then
    v_text := translate(v_text,
      'ÆÐØÞĐĦŁŊŒŦƁƂƄƆƇƉƊƋƎƏƐƑƓƔƖƗƘƜƝƟƢƤƦƧƩƬƮƱƲƳƵƷƸƼǤǶǷȜȠȢȤȺȻȽȾɁɃɄɅɆɈɊɌɎ',
      'æðøþđħłŋœŧɓƃƅɔƈɖɗƌǝəɛƒɠɣɩɨƙɯɲɵƣƥʀƨʃƭʈʊʋƴƶʒƹƽǥƕƿȝƞȣȥⱥȼƚⱦɂƀʉʌɇɉɋɍɏ');
  end if;
  if v_text ~ e'[\\u0370-\\u03ff]' then
    v_text := translate(v_text, 'ͰͲͶͿΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩϏϘϚϜϞϠϢϤϦϨϪϬϮϷϺϽϾϿ', 'ͱͳͷϳαβγδεζηθικλμνξοπρστυφχψωϗϙϛϝϟϡϣϥϧϩϫϭϯϸϻͻͼͽ');
  end if;
  if v_text ~ e'[\\u0402-\\u052e]' then
    v_text := translate(v_text,
      'ЂЄЅІЈЉЊЋЏАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯѠѢѤѦѨѪѬѮѰѲѴѸѺѼѾҀҊҌҎҐҒҔҖҘҚҜҞҠҢҤҦҨҪҬҮҰҲҴҶҸҺҼҾӀӃӅӇӉӋӍӔӘӠӨӶӺӼӾԀԂԄԆԈԊԌԎԐԒԔԖԘԚԜԞԠԢԤԦԨԪԬԮ',
      'ђєѕіјљњћџабвгдежзиклмнопрстуфхцчшщъыьэюяѡѣѥѧѩѫѭѯѱѳѵѹѻѽѿҁҋҍҏґғҕҗҙқҝҟҡңҥҧҩҫҭүұҳҵҷҹһҽҿӏӄӆӈӊӌӎӕәӡөӷӻӽӿԁԃԅԇԉԋԍԏԑԓԕԗԙԛԝԟԡԣԥԧԩԫԭԯ');
  end if;
  if v_text ~ e'[\\u0531-\\u0556]' then
    v_text := translate(v_text, 'ԱԲԳԴԵԶԷԸԹԺԻԼԽԾԿՀՁՂՃՄՅՆՇՈՉՊՋՌՍՎՏՐՑՒՓՔՕՖ', 'աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ');
  end if;
  return normalize(v_text, nfc);
end
$$;
comment on function graphdb._search_text(text) is
  'Return a text in lower case and in one Unicode form (NFKC), without characters that only join or hyphenate. Accents are kept';
revoke all on function graphdb._search_text(text) from public;

-- Return the text without the accents of Latin and Greek letters and of the Cyrillic ё. In other scripts, marks distinguish words, so they stay.
create or replace function graphdb._search_fold(p_text text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case when octet_length(p_text) = length(p_text) then p_text else
    normalize(
      translate(
        replace(replace(replace(replace(
          regexp_replace(normalize(p_text, nfd), e'([a-z\u00df-\u024f\u03b1-\u03c9\u0435])[\u0300-\u036f]+', e'\\1', 'g'),
          'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
        'øđłıŋħŧðς', 'odlinhtdσ'),
      nfc) end;
end
$$;
comment on function graphdb._search_fold(text) is 'Remove accents from Latin and Greek letters and the Cyrillic ё in a text from _search_text';
revoke all on function graphdb._search_fold(text) from public;

-- Return the words of a text in lower case, separated by spaces. Characters that are not letters, marks or numbers by Unicode
-- category separate words. Scripts without spaces become pairs of characters.
create or replace function graphdb._search_words(p_text text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Punctuation, symbols, spaces and control characters beyond ASCII (Unicode 14 to 16).
  v_separators constant text := e'\\u0080-\\u00a9\\u00ab-\\u00b1\\u00b4\\u00b6-\\u00b8\\u00bb\\u00bf\\u00d7\\u00f7\\u02c2-\\u02c5\\u02d2-\\u02df'
    || e'\\u02e5-\\u02eb\\u02ed\\u02ef-\\u02ff\\u0375\\u037e\\u0384\\u0385\\u0387\\u03f6\\u0482\\u055a-\\u055f\\u0589-\\u058f'
    || e'\\u05be\\u05c0\\u05c3\\u05c6\\u05f3-\\u060f\\u061b-\\u061f\\u066a-\\u066d\\u06d4\\u06dd\\u06de\\u06e9\\u06fd\\u06fe'
    || e'\\u0700-\\u070f\\u07f6-\\u07f9\\u07fe\\u07ff\\u0830-\\u083e\\u085e\\u0888\\u0890\\u0891\\u08e2\\u0964\\u0965\\u0970'
    || e'\\u09f2\\u09f3\\u09fa\\u09fb\\u09fd\\u0a76\\u0af0\\u0af1\\u0b70\\u0bf3-\\u0bfa\\u0c77\\u0c7f\\u0c84\\u0d4f\\u0d79'
    || e'\\u0df4\\u0e3f\\u0e4f\\u0e5a\\u0e5b\\u0f01-\\u0f17\\u0f1a-\\u0f1f\\u0f34\\u0f36\\u0f38\\u0f3a-\\u0f3d\\u0f85'
    || e'\\u0fbe-\\u0fc5\\u0fc7-\\u0fda\\u104a-\\u104f\\u109e\\u109f\\u10fb\\u1360-\\u1368\\u1390-\\u1399\\u1400\\u166d\\u166e'
    || e'\\u1680\\u169b\\u169c\\u16eb-\\u16ed\\u1735\\u1736\\u17d4-\\u17d6\\u17d8-\\u17db\\u1800-\\u180a\\u1940-\\u1945'
    || e'\\u19de-\\u19ff\\u1a1e\\u1a1f\\u1aa0-\\u1aa6\\u1aa8-\\u1aad\\u1b5a-\\u1b6a\\u1b74-\\u1b7e\\u1bfc-\\u1bff'
    || e'\\u1c3b-\\u1c3f\\u1c7e\\u1c7f\\u1cc0-\\u1cc7\\u1cd3\\u1fbd\\u1fbf-\\u1fc1\\u1fcd-\\u1fcf\\u1fdd-\\u1fdf\\u1fed-\\u1fef'
    || e'\\u1ffd-\\u2064\\u207a-\\u207e\\u208a-\\u208e\\u20a0-\\u20c0\\u2100\\u2101\\u2103-\\u2106\\u2108\\u2109\\u2114'
    || e'\\u2116-\\u2118\\u211e-\\u2123\\u2125\\u2127\\u2129\\u212e\\u213a\\u213b\\u2140-\\u2144\\u214a-\\u214d\\u214f'
    || e'\\u218a-\\u244a\\u249c-\\u24e9\\u2500-\\u2775\\u2794-\\u2bff\\u2ce5-\\u2cea\\u2cf9-\\u2cfc\\u2cfe\\u2cff\\u2d70'
    || e'\\u2e00-\\u2e2e\\u2e30-\\u3004\\u3008-\\u3020\\u3030\\u3036\\u3037\\u303d-\\u303f\\u309b\\u309c\\u30a0\\u30fb'
    || e'\\u3190\\u3191\\u3196-\\u319f\\u31c0-\\u31e3\\u3200-\\u321e\\u322a-\\u3247\\u3250\\u3260-\\u327f\\u328a-\\u32b0'
    || e'\\u32c0-\\u33ff\\u4dc0-\\u4dff\\ua490-\\ua4c6\\ua4fe\\ua4ff\\ua60d-\\ua60f\\ua673\\ua67e\\ua6f2-\\ua716\\ua720\\ua721'
    || e'\\ua789\\ua78a\\ua828-\\ua82b\\ua836-\\ua839\\ua874-\\ua877\\ua8ce\\ua8cf\\ua8f8-\\ua8fa\\ua8fc\\ua92e\\ua92f\\ua95f'
    || e'\\ua9c1-\\ua9cd\\ua9de\\ua9df\\uaa5c-\\uaa5f\\uaa77-\\uaa79\\uaade\\uaadf\\uaaf0\\uaaf1\\uab5b\\uab6a\\uab6b\\uabeb'
    || e'\\ue000-\\uf8ff\\ufb29\\ufbb2-\\ufbc2\\ufd3e-\\ufd4f\\ufdcf\\ufdfc-\\ufdff\\ufe10-\\ufe19\\ufe30-\\ufe6b'
    || e'\\uff01-\\uff0f\\uff1a-\\uff20\\uff3b-\\uff40\\uff5b-\\uff65\\uffe0-\\ufffd\\U00010100-\\U00010102'
    || e'\\U00010137-\\U0001013f\\U00010179-\\U00010189\\U0001018c-\\U000101fc\\U0001039f\\U000103d0\\U0001056f\\U00010857'
    || e'\\U00010877\\U00010878\\U0001091f\\U0001093f\\U00010a50-\\U00010a58\\U00010a7f\\U00010ac8\\U00010af0-\\U00010af6'
    || e'\\U00010b39-\\U00010b3f\\U00010b99-\\U00010b9c\\U00010ead\\U00010f55-\\U00010f59\\U00010f86-\\U00010f89'
    || e'\\U00011047-\\U0001104d\\U000110bb-\\U000110c1\\U000110cd\\U00011140-\\U00011143\\U00011174\\U00011175'
    || e'\\U000111c5-\\U000111c8\\U000111cd\\U000111db\\U000111dd-\\U000111df\\U00011238-\\U0001123d\\U000112a9'
    || e'\\U0001144b-\\U0001144f\\U0001145a-\\U0001145d\\U000114c6\\U000115c1-\\U000115d7\\U00011641-\\U00011643'
    || e'\\U00011660-\\U0001166c\\U000116b9\\U0001173c-\\U0001173f\\U0001183b\\U00011944-\\U00011946\\U000119e2'
    || e'\\U00011a3f-\\U00011a46\\U00011a9a-\\U00011a9c\\U00011a9e-\\U00011aa2\\U00011c41-\\U00011c45\\U00011c70\\U00011c71'
    || e'\\U00011ef7\\U00011ef8\\U00011fd5-\\U00011fff\\U00012470-\\U00012474\\U00012ff1\\U00012ff2\\U00013430-\\U00013438'
    || e'\\U00016a6e\\U00016a6f\\U00016af5\\U00016b37-\\U00016b3f\\U00016b44\\U00016b45\\U00016e97-\\U00016e9a\\U00016fe2'
    || e'\\U0001bc9c\\U0001bc9f-\\U0001bca3\\U0001cf50-\\U0001d164\\U0001d16a-\\U0001d16c\\U0001d173-\\U0001d17a'
    || e'\\U0001d183\\U0001d184\\U0001d18c-\\U0001d1a9\\U0001d1ae-\\U0001d241\\U0001d245\\U0001d300-\\U0001d356\\U0001d6c1'
    || e'\\U0001d6db\\U0001d6fb\\U0001d715\\U0001d735\\U0001d74f\\U0001d76f\\U0001d789\\U0001d7a9\\U0001d7c3'
    || e'\\U0001d800-\\U0001d9ff\\U0001da37-\\U0001da3a\\U0001da6d-\\U0001da74\\U0001da76-\\U0001da83\\U0001da85-\\U0001da8b'
    || e'\\U0001e14f\\U0001e2ff\\U0001e95e\\U0001e95f\\U0001ecac\\U0001ecb0\\U0001ed2e\\U0001eef0-\\U0001f0f5'
    || e'\\U0001f10d-\\U0001fbca\\U000e0001-\\U000e007f\\U000f0000-\\U0010fffd';
  -- Thai to Khmer; kana, Han, Hangul.
  v_unspaced constant text := e'\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3005-\\u3007\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff\\U00020000-\\U0003ffff';
  -- What the parser may take for a part of a word, an address, a number or a tag; any other mark of ASCII parts words by itself.
  v_marks constant text[] := '{-,_,/,.,@,:,&,<,>,~,+}';
  v_mark text;
  v_words text := graphdb._search_text(p_text);
begin
  foreach v_mark in array v_marks loop
    v_words := replace(v_words, v_mark, ' ');  -- a fourth of the time of one regular expression
  end loop;
  if octet_length(v_words) = length(v_words) then
    return v_words;
  end if;
  v_words := regexp_replace(v_words, e'[\\u0001-/:-@[-`{-\\u007f' || v_separators || ']+', ' ', 'g');
  if v_words !~ ('[' || v_unspaced || ']') then
    return v_words;
  end if;
  v_words := regexp_replace(v_words, '([' || v_unspaced || ']+)', e' \\1 ', 'g');
  return regexp_replace(v_words, '(?<=[' || v_unspaced || '])([' || v_unspaced || '])(?=[' || v_unspaced || '])', e'\\1 \\1', 'g');
end
$$;
comment on function graphdb._search_words(text) is
  'Return the words of a text in lower case, separated by spaces. All characters except letters, marks and numbers separate words. Scripts without spaces become pairs of characters';
revoke all on function graphdb._search_words(text) from public;

-- Return the words of a text with their positions.
create or replace function graphdb._search_tokens(p_text text)
returns table (word text, place bigint)
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
  select t.word, row_number() over (order by t.place)
  from string_to_table(regexp_replace(graphdb._search_words(p_text), e'[\\u0001-/:-@[-`{-\\u007f]+', ' ', 'g'), ' ') with ordinality as t (word, place)
  where t.word <> '' and octet_length(t.word) <= 2000;
end
$$;
comment on function graphdb._search_tokens(text) is 'Return each word of a text, as _search_words finds it, with its position';
revoke all on function graphdb._search_tokens(text) from public;

-- Return the lexemes of a word from _search_words in a language: its stem without accents, and the stem of the word without
-- accents if it differs. Therefore questions without accents find the word, too. A stop word has no lexeme.
create or replace function graphdb._search_lexemes(p_language text, p_word text)
returns text[]
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return case
    when octet_length(p_word) > 2000 then '{}'
    when p_word ~ '[0-9]' then array[graphdb._search_fold(p_word)]
    when octet_length(p_word) = length(p_word) then
      coalesce(ts_lexize(
        (case when p_language in ('russian', 'hindi') then 'pg_catalog.english_stem'
              when p_language = 'simple' then 'pg_catalog.simple'
              else 'pg_catalog.' || p_language || '_stem' end)::regdictionary, p_word), '{}')
    else (
      select coalesce(array_agg(distinct f.lexeme), '{}')
      from (values (p_word), (graphdb._search_fold(p_word))) as w (word)
      cross join unnest(ts_lexize(
        (case when p_language = 'simple' then 'pg_catalog.simple' else 'pg_catalog.' || p_language || '_stem' end)::regdictionary,
        w.word)) as l (lexeme)
      cross join lateral (select graphdb._search_fold(l.lexeme) as lexeme) as f)
  end;
end
$$;
comment on function graphdb._search_lexemes(text, text) is
  'Return the lexemes of a word in a language, without accents. Returns none for a stop word';
revoke all on function graphdb._search_lexemes(text, text) from public;

-- Return the names in a text, in lower case without accents. Names are identifiers, versions, codes, paths and options: they
-- contain a mark between letters or digits. With p_parts, also return the last parts of each name and the parts between its
-- slashes and dots.
create or replace function graphdb._search_names(p_text text, p_parts boolean)
returns text[]
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
  with prepared as (
    -- A backslash before a mark is Markdown's; any other parts a path.
    select case when position(e'\\' in p_text) = 0 then t.text
                else translate(regexp_replace(t.text, e'\\\\([!-/:-@[\\]^_`{|}~])', e'\\1', 'g'), e'\\', '/') end as text
    from (select graphdb._search_fold(graphdb._search_text(p_text)) as text) as t
  ), found as (
    select m.parts[1] as name, m.place
    from prepared as p
    cross join regexp_matches(p.text,
      e'([a-z0-9_\\u00aa\\u00b5\\u00ba\\u00c0-\\u1fff\\u2c00-\\U0003ffff]+(?:[-./:@#$%&+]{1,3}[a-z0-9_\\u00aa\\u00b5\\u00ba\\u00c0-\\u1fff\\u2c00-\\U0003ffff]+)+|[a-z0-9]+_[a-z0-9_]*|_+[a-z0-9][a-z0-9_]*)',
      'g') with ordinality as m (parts, place)
    where length(m.parts[1]) <= 200
    union all
    select m.parts[1], m.place
    from prepared as p
    cross join regexp_matches(p.text, e'(?:^|[[:space:](`"''|,=[])(--?[a-z][a-z0-9_-]*)', 'g') with ordinality as m (parts, place)
    union all
    select m.parts[1], m.place
    from prepared as p
    cross join regexp_matches(p.text, e'(?:^|[^a-z0-9_])([a-z]{1,3}(?:[+]{2}|#))(?![a-z0-9])', 'g') with ordinality as m (parts, place)
  ), named as (
    select f.name, f.place from found as f
    union all
    select p.name, f.place
    from found as f
    cross join lateral (
      select s.part as name from regexp_split_to_table(f.name, '[/:@#$&]+') as s (part)
      union
      select s.part from regexp_split_to_table(f.name, '[/:@#$&.]+') as s (part)
      union
      select substring(f.name from '([^/:@#$&.]+[/:@#$&.]+[^/:@#$&.]+)$')
      union
      select substring(f.name from '([^/:@#$&.]+[/:@#$&.]+[^/:@#$&.]+[/:@#$&.]+[^/:@#$&.]+)$')
      union
      select substring(f.name from '^([^/]+/[^/]+)/')) as p
    -- Of a version no part is one: 14.2 is not in 3.14.2.
    where p_parts and p.name <> f.name and p.name ~ '[-./:@#$%&+_]' and f.name !~ '^v?[0-9.]+$' and (p.name !~ '^[0-9.]+$' or f.name !~ ('[0-9.]' || p.name || '$'))
    union all
    select v.name, f.place
    from found as f
    cross join lateral (select substring(f.name from '(?:^|-)v?([0-9]+[.][0-9.]*[0-9])$') as name) as v
    where p_parts and v.name <> f.name
  )
  select coalesce(array_agg(n.name order by n.place), '{}') from named as n);
end
$$;
comment on function graphdb._search_names(text, boolean) is
  'Return the names in a text: identifiers, versions, codes, paths and options. With p_parts, also return the parts by which a name may be known';
revoke all on function graphdb._search_names(text, boolean) from public;

-- Return the lexemes of the words in a text, and its names, each after an equals sign.
create or replace function graphdb._search_lexed(p_language text, p_text text)
returns tsvector
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_words constant text := graphdb._search_words(p_text);
  v_vector tsvector;
begin
  if octet_length(v_words) = length(v_words) then
    v_vector := to_tsvector(('pg_catalog.' || p_language)::regconfig, v_words);
  else
    v_vector := (
      select string_agg(format('''%s'':%s', l.lexeme, least(w.place, 16383)), ' ')::tsvector
      from graphdb._search_tokens(p_text) as w
      cross join unnest(graphdb._search_lexemes(p_language, w.word)) as l (lexeme));
  end if;
  return coalesce(v_vector, ''::tsvector) || coalesce((
    select string_agg(format('''=%s'':%s', n.name, least(n.place, 16383)), ' ')::tsvector
    from unnest(graphdb._search_names(p_text, true)) with ordinality as n (name, place)), ''::tsvector);
end
$$;
comment on function graphdb._search_lexed(text, text) is
  'Return the words of a text in a language as a tsvector, and its names with an equals sign before them';
revoke all on function graphdb._search_lexed(text, text) from public;

-- Return the lexemes of a chunk. The text contains the headings, too, but only here they have the weight of headings.
create or replace function graphdb._search_vector(p_language text, p_heading_path text[], p_text text)
returns tsvector
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select setweight(graphdb._search_lexed(p_language, array_to_string(p_heading_path, ' ')), 'A') || graphdb._search_lexed(p_language, p_text)
$$;
comment on function graphdb._search_vector(text, text[], text) is 'Return the words of a chunk as a tsvector. Words in headings have weight A';
revoke all on function graphdb._search_vector(text, text[], text) from public;

alter table graphdb.documents add column if not exists language text;
alter table graphdb.documents drop constraint if exists language_has_a_stemmer;
alter table graphdb.documents add constraint language_has_a_stemmer check (language in (
  'simple', 'arabic', 'armenian', 'basque', 'catalan', 'danish', 'dutch', 'english', 'estonian', 'finnish', 'french', 'german', 'greek', 'hindi',
  'hungarian', 'indonesian', 'irish', 'italian', 'lithuanian', 'nepali', 'norwegian', 'portuguese', 'romanian', 'russian', 'serbian', 'spanish',
  'swedish', 'tamil', 'turkish', 'yiddish'));
comment on column graphdb.documents.language is
  'Language of the document, such as german, or the ISO code of a language without a stemmer. It determines the text search configuration of the chunks. Null means unknown: the document is stemmed as English';

alter table graphdb.chunks add column if not exists language text not null default 'english';
comment on column graphdb.chunks.language is 'Text search configuration for stemming the chunk. It is the same as for the document';
alter table graphdb.chunks add column if not exists search_vector tsvector not null
  generated always as (graphdb._search_vector(language, heading_path, text)) stored;
comment on column graphdb.chunks.search_vector is
  'Words of the headings and the text, stemmed in the language of the document, and names with an equals sign before them. graphdb.search uses them';
create index if not exists ix_chunks_search on graphdb.chunks using gin (search_vector);

-- The languages of the documents, in which questions are read.
create index if not exists ix_documents_language on graphdb.documents (language) where is_searched;
-- The documents that match a filter on metadata.
create index if not exists ix_documents_meta on graphdb.documents using gin (meta jsonb_path_ops) where is_searched;

-- The words that can replace a word with typos. A word stays here if its last document is deleted, but a search uses it only
-- if a visible document contains it.
create table if not exists graphdb.vocabulary (
  word text primary key,
  trigrams text[] not null,
  constraint word_is_short check (length(word) between 4 and 60)
);
comment on table graphdb.vocabulary is 'Words and names in the chunks, in lower case. A search corrects typing errors with them';
comment on column graphdb.vocabulary.trigrams is 'All sequences of three characters in the word with a blank before and after it';
create index if not exists ix_vocabulary_trigrams on graphdb.vocabulary using gin (trigrams);

create table if not exists graphdb.vocabulary_pending (
  input_sha256 bytea not null
);
comment on table graphdb.vocabulary_pending is 'Texts of chunks whose words graphdb.refresh_search has not yet added to the vocabulary';
