-- Highlight the words of a question in a text: put U+0001 before and U+0002 after each match. All forms of a word are
-- marked.
create or replace function graphdb._mark_words(p_query text, p_text text)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- The letters, marks and digits that can belong to a word. Other characters outside ASCII do not separate marked words.
  v_split constant text := e'[0-9A-Za-z\\u00aa\\u00b5\\u00ba\\u00c0-\\u1fff\\u2c00-\\u2dff\\u3040-\\U0003ffff]+'
    || e'|[^0-9A-Za-z\\u00aa\\u00b5\\u00ba\\u00c0-\\u1fff\\u2c00-\\u2dff\\u3040-\\U0003ffff]+';
  -- Characters outside ASCII, except the punctuation and symbols that are not part of any word.
  v_other constant text := e'[^\\u0001-\\u007f\\u00a0\\u00a7\\u00a9\\u00ab\\u00ae\\u00b0\\u00b1\\u00b7\\u00bb\\u00d7\\u2010-\\u2027\\u2030-\\u205e\\u2190-\\u23ff\\u2500-\\u2bff]';
  -- The same pattern, but words may also contain invisible characters and superscripts.
  v_written constant text := replace(v_split, 'A-Za-z', e'A-Za-z\\u00ad\\u00b2\\u00b3\\u00b9\\u200c-\\u200f\\u2060\\u2070-\\u209f\\ufeff');
  v_languages constant text[] := graphdb._search_languages();
  v_query constant text := graphdb._search_words(translate(left(p_query, 2000), e'\x01\x02', ''));
  v_lexemes text[];
  v_spoken regconfig;
  v_stems text;
  v_words text[];
  v_parts text[];
  v_forms text[];
  v_marked text;
  v_form text;
begin
  v_lexemes := array(
    select distinct l.lexeme
    from unnest(v_languages) as g (language)
    cross join unnest(case
      when octet_length(v_query) = length(v_query)
        then tsvector_to_array(to_tsvector(('pg_catalog.' || g.language)::regconfig, v_query))
      else array(
        select x.lexeme
        from graphdb._search_tokens(v_query) as t cross join unnest(graphdb._search_lexemes(g.language, t.word)) as x (lexeme))
      end) as l (lexeme));
  if cardinality(v_languages) > 1 then
    -- Use the stop words of the language with the most stop words in the question. Other languages would mark these words.
    v_spoken := (
      select ('pg_catalog.' || g.language)::regconfig
      from unnest(v_languages) as g (language)
      order by length(to_tsvector(('pg_catalog.' || g.language)::regconfig, v_query)), g.language
      limit 1);
    v_lexemes := coalesce(
      (select array_agg(l.lexeme) from unnest(v_lexemes) as l (lexeme) where to_tsvector(v_spoken, l.lexeme) <> ''), v_lexemes);
  end if;
  -- A stem is the beginning of its word, except for the last one or two letters.
  v_stems := (
    select '(?:' || string_agg(
      distinct left(x.lexeme, case when length(x.lexeme) > 4 then length(x.lexeme) - 2 else greatest(length(x.lexeme) - 1, 1) end), '|') || ')'
    from unnest(v_lexemes) as x (lexeme));
  if v_stems is null then
    return p_text;
  end if;
  -- If all letters are in ASCII, mark each word that begins with a stem where it is written, and remove the marks of other
  -- words. The expression is the same for all texts, because compiling it takes longer than using it.
  if p_text !~ v_other then
    v_marked := regexp_replace(p_text, '(^|[^0-9A-Za-z])(' || v_stems || '[0-9A-Za-z]*)', e'\\1\x01\\2\x02', 'gi');
    for v_form in
      select distinct left(m.part, position(e'\x02' in m.part) - 1)
      from string_to_table(v_marked, e'\x01') with ordinality as m (part, place)
      where m.place > 1
    loop
      if not exists (
        select from unnest(v_languages) as g (language)
        where tsvector_to_array(to_tsvector(('pg_catalog.' || g.language)::regconfig, lower(v_form collate "C"))) && v_lexemes)
      then
        v_marked := replace(v_marked, e'\x01' || v_form || e'\x02', v_form);
      end if;
    end loop;
    return v_marked;
  end if;
  v_words := array(select m.parts[1] from regexp_matches(graphdb._search_text(p_text), v_split, 'g') as m (parts));
  v_forms := array(
    select f.form
    from (select distinct w.word as form from unnest(v_words) as w (word) where w.word ~ ('^' || v_stems)) as f
    where exists (
      select from unnest(v_languages) as g (language)
      where case
        when octet_length(f.form) = length(f.form) then tsvector_to_array(to_tsvector(('pg_catalog.' || g.language)::regconfig, f.form))
        else graphdb._search_lexemes(g.language, f.form) end && v_lexemes));
  -- The same words as they are written in the text.
  v_parts := array(select m.parts[1] from regexp_matches(p_text, v_split, 'g') as m (parts));
  if cardinality(v_parts) <> cardinality(v_words) then
    -- A character such as a soft hyphen or a superscript belongs to no word or to a different word. Read each part separately.
    v_parts := array(select m.parts[1] from regexp_matches(p_text, v_written, 'g') as m (parts));
    v_words := array(
      select f.form
      from unnest(v_parts) with ordinality as p (part, place)
      join (select distinct d.part, trim(graphdb._search_text(d.part)) as form from unnest(v_parts) as d (part)) as f using (part)
      order by p.place);
  end if;
  return (
    select coalesce(string_agg(case when w.word = any (v_forms) then e'\x01' || w.part || e'\x02' else w.part end, '' order by w.place), p_text)
    from unnest(v_words, v_parts) with ordinality as w (word, part, place));
end
$$;

comment on function graphdb._mark_words(text, text) is
  'Highlight the words of a question in a text: put U+0001 before and U+0002 after each match. All forms of a word are marked.';
revoke all on function graphdb._mark_words(text, text) from public;
