-- squawk-ignore-file ban-drop-function, ban-drop-constraint, constraint-missing-not-valid
-- documents.language is the language itself. Before, it was the text search configuration, so that documents in Japanese
-- counted as English. Symbols do not become letters of the word before them.

create or replace function graphdb._search_symbols(p_text text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Signs, fractions, and numbers and letters in circles, squares or parentheses.
  v_symbols constant text := e'[\\u00bc-\\u00be\\u2100-\\u2101\\u2103-\\u2106\\u2108-\\u2109\\u2116\\u2120-\\u2122\\u213b\\u2150-\\u215f\\u2189'
    || e'\\u2460-\\u24ff\\u3200-\\u33ff\\U0001f100-\\U0001f1ff]';
  -- A number above the line belongs to a unit or a formula (m², x³). After a number or a long word, it is a footnote mark.
  v_letters constant text := e'A-Za-z\\u00aa\\u00b5\\u00ba\\u00c0-\\u1fff';
  v_marks constant text := '(^|[^' || v_letters || '])([' || v_letters || e']{4,}|[0-9]+|)(?=[\\u00b2\\u00b3\\u00b9\\u2070\\u2074-\\u2079])';
begin
  if p_text ~ v_symbols then
    p_text := regexp_replace(translate(p_text, e'\u2122\u2120', '  '), '(' || v_symbols || ')', e' \\1 ', 'g');
  end if;
  if p_text ~ e'[\\u00b2\\u00b3\\u00b9\\u2070\\u2074-\\u2079]' then
    p_text := regexp_replace(p_text, v_marks, e'\\1\\2 ', 'g');
  end if;
  return p_text;
end
$$;
comment on function graphdb._search_symbols(text) is
  'Separate the symbols in a text from the words beside them, which they would become a part of in the form NFKC: trademark signs, fractions, numbers in circles, footnote marks. '
  'A migration that changes this function must recompute chunks.search_vector';
revoke all on function graphdb._search_symbols(text) from public;

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
  v_text := translate(normalize(graphdb._search_symbols(p_text), nfkd), e'\u00ad\u061c\u180e\u200c\u200d\u200e\u200f\u2060\ufeff', '');
  v_text := lower(v_text collate "C");
  -- What does not decompose into a letter of ASCII. Few texts have any, and translate() compares each character with all.
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
  'Return a text in lower case and in one Unicode form (NFKC), without the characters that only join or hyphenate. Accents and the borders of symbols stay. '
  'A migration that changes this function must recompute chunks.search_vector';
revoke all on function graphdb._search_text(text) from public;

alter table graphdb.documents drop constraint if exists language_has_a_stemmer;
alter table graphdb.documents drop constraint if exists language_is_a_name;
alter table graphdb.documents add constraint language_is_a_name check (language ~ '^[a-z]{2,20}$');
comment on column graphdb.documents.language is
  'Language of the document, such as german, or the ISO code of a language without a stemmer. It determines the text search configuration of the chunks. Null means unknown: the document is stemmed as English';

-- The language is known from the metadata or the script. For other documents, the next load sets it.
update graphdb.documents as d
set language = l.language
from (
  select o.run_id, o.doc_id, o.revision,
         case when o.name ~ '^(ja|jpn)$' or o.name is null and o.kana > 0.05 then 'japanese'
              when o.name ~ '^(ko|kor)$' or o.name is null and o.hangul > 0.2 then 'korean'
              when o.name ~ '^(th|tha)$' or o.name is null and o.thai > 0.2 then 'thai'
              when o.name ~ '^(zh|zho|chi|cmn)$' or o.name is null and o.han > 0.2 then 'chinese'
              when o.language = 'simple' and o.name ~ '^[a-z]{2,3}$' then o.name
         end as language
  from (
    select c.run_id, c.doc_id, c.revision, c.language,
           substring(lower(coalesce(c.meta ->> 'language', c.meta ->> 'lang', c.meta #>> '{metadata,language}') collate "C") from '^([a-z]+)(?:[-_.@].*)?$') as name,
           1 - length(regexp_replace(c.beginning, e'[\\u3040-\\u30ff]', '', 'g'))::float8 / greatest(length(c.beginning), 1) as kana,
           1 - length(regexp_replace(c.beginning, e'[\\uac00-\\ud7af]', '', 'g'))::float8 / greatest(length(c.beginning), 1) as hangul,
           1 - length(regexp_replace(c.beginning, e'[\\u0e00-\\u0e7f]', '', 'g'))::float8 / greatest(length(c.beginning), 1) as thai,
           1 - length(regexp_replace(c.beginning, e'[\\u3400-\\u9fff]', '', 'g'))::float8 / greatest(length(c.beginning), 1) as han
    from (select d.run_id, d.doc_id, d.revision, d.language, d.meta, left(d.body, 4000) as beginning from graphdb.documents as d where d.language in ('english', 'simple')) as c
  ) as o
) as l
where l.language is not null and d.run_id = l.run_id and d.doc_id = l.doc_id and d.revision = l.revision and d.language is distinct from l.language;

-- Compute the words of the chunks with symbols again.
update graphdb.chunks as c
set language = c.language
where array_to_string(c.heading_path, ' ') || ' ' || c.text
    ~ e'[\\u00b2\\u00b3\\u00b9\\u00bc-\\u00be\\u2070\\u2074-\\u2079\\u2100-\\u2109\\u2116\\u2120-\\u2122\\u213b\\u2150-\\u215f\\u2189\\u2460-\\u24ff\\u3200-\\u33ff\\U0001f100-\\U0001f1ff]'
  and c.search_vector is distinct from graphdb._search_vector(c.language, c.heading_path, c.text);

-- It has a new parameter: the number of candidates.
drop function if exists graphdb._search_terms(text, text[], float8, boolean);
