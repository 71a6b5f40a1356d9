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
  v_letter constant text := e'0-9a-z\\u00aa\\u00b5\\u00ba\\u00c0-\\u1fff\\u2c00-\\u2dff\\u3040-\\U0003ffff';
  v_languages constant text[] := graphdb._search_languages();
  v_text text := p_text;
  v_lower text := graphdb._search_text(p_text);
  v_lexemes text[];
  v_forms text[];
begin
  -- Marks are inserted by position, so both texts must have the same length.
  if length(v_lower) <> length(v_text) then
    v_text := normalize(v_text, nfkc);
    if length(v_lower) <> length(v_text) then
      v_text := v_lower;
    end if;
  end if;
  select array_agg(distinct l.lexeme)
  into v_lexemes
  from graphdb._search_tokens(translate(left(p_query, 2000), e'\x01\x02', '')) as t
  cross join unnest(v_languages) as g (language)
  cross join unnest(graphdb._search_lexemes(g.language, t.word)) as l (lexeme);
  -- A stem is the beginning of its word, except for the last one or two letters.
  select array_agg(f.form)
  into v_forms
  from (
    select distinct m.parts[1] as form
    from regexp_matches(
      v_lower,
      format('(?<![%s])(?:%s)[%1$s]*', v_letter,
        (select string_agg(distinct left(x.lexeme, case when length(x.lexeme) > 4 then length(x.lexeme) - 2 else greatest(length(x.lexeme) - 1, 1) end), '|')
         from unnest(v_lexemes) as x (lexeme))), 'g') as m (parts)
  ) as f
  where exists (select from unnest(v_languages) as g (language) where graphdb._search_lexemes(g.language, f.form) && v_lexemes);
  if v_forms is null then
    return v_text;
  end if;
  return (
    select string_agg(
      case when s.place = 1 then '' when s.place % 2 = 0 then e'\x01' else e'\x02' end || substr(v_text, s.begins::integer, length(s.part)), '' order by s.place)
    from (
      select p.part, p.place, 1 + sum(length(p.part)) over (order by p.place) - length(p.part) as begins
      from regexp_split_to_table(
        regexp_replace(v_lower, format('(?<![%s])(%s)(?![%1$s])', v_letter, array_to_string(v_forms, '|')), e'\x01\\1\x02', 'g'), e'[\x01\x02]')
        with ordinality as p (part, place)
    ) as s);
end
$$;

comment on function graphdb._mark_words(text, text) is
  'Highlight the words of a question in a text: put U+0001 before and U+0002 after each match. All forms of a word are marked.';
revoke all on function graphdb._mark_words(text, text) from public;
