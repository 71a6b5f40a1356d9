-- Return the full-text terms of a question. Every word counts. Its weight grows with its rarity and its frequency in the
-- question. If several languages stem a word differently, it is one word with several lexemes. A name (max_connections,
-- 3.14.2, --dry-run) also counts by its exact lexeme, and p_boosts contains the bonus for a page with the exact name.
-- p_find is the query for about p_matches candidates, of which p_share can be shown: they contain one of the rarest words or, if all words are
-- common, the rarest word and another rare one. Null if there is nothing to search for, for example if all words are stop words.
-- With p_has_many, restricted chunks count too (graphdb._word_statistics).
create or replace function graphdb._search_terms(
  p_question text,
  p_languages text[],
  p_share float8,
  p_matches float8,
  p_has_many boolean,
  out p_words text[],
  out p_terms tsquery[],
  out p_weights float8[],
  out p_boosts float8[],
  out p_find tsquery)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Enough matches to fill a list, but few enough to rank them in a few milliseconds.
  -- With a smaller share, fewer matches are found in the same time.
  v_least constant float8 := 100;
  v_most constant float8 := greatest(1.5 * v_least, p_share * p_matches);
  -- For a pasted paragraph, only the rarest words are used.
  v_most_words constant integer := 16;
  v_chunks constant float8 := graphdb._searchable_chunks(p_has_many);
  -- The more chunks contain a name, the less it distinguishes pages.
  v_rare constant float8 := greatest(10, v_chunks / 50);
  -- Identifiers such as camelCase, IOException and ENOENT are also names, although they contain no punctuation. Words in capital
  -- letters are only names if other words have small letters.
  v_by_case constant text[] := array(
    select lower(m.parts[1] collate "C")
    from regexp_matches(p_question, e'([A-Za-z0-9]*(?:[a-z][A-Z]|[A-Z]{2}[a-z]{2})[A-Za-z0-9]*|\\m[A-Z]{5,}\\M)', 'g') as m (parts)
    where m.parts[1] ~ '[a-z]' or p_question ~ '[a-z]');
begin
  with words as (
    select t.word, min(t.place) as place, count(*) as times
    from graphdb._search_tokens(p_question) as t
    group by t.word
    order by min(t.place)
    limit 400
  ), stems as (
    select w.word, w.place, w.times, g.language, graphdb._search_lexemes(g.language, w.word) as lexemes
    from words as w
    cross join unnest(p_languages) as g (language)
  ), spoken as (
    -- The languages of the question determine its stop words. They are the languages with the most stop words in it.
    select l.language
    from (select s.language, rank() over (order by count(*) desc) as place from stems as s where s.lexemes = '{}' group by s.language) as l
    where l.place = 1
  ), asked as (
    select s.word, min(s.place) as place, max(s.times) as times, array_agg(distinct l.lexeme) as lexemes,
           case when s.word ~ '[0-9]' and s.word ~ '[a-z]' and length(s.word) > 2 or s.word = any (v_by_case) then 1
                when s.word ~ '^[0-9]{3,}$' then 0.5
                else 0 end::float8 as boost
    from stems as s
    cross join unnest(s.lexemes) as l (lexeme)
    where not exists (select from stems as o join spoken as p using (language) where o.word = s.word and o.lexemes = '{}')
    group by s.word
    union all
    select n.name, min(n.place), count(*), array['=' || n.name],
           -- Words that are joined only by a hyphen or a slash, and abbreviations such as e.g., are not names.
           case when n.name ~ '^([a-z]+[-/])+[a-z]+$|^[a-z]([.][a-z])+$|^[0-9]+[-/][0-9]+$' then 0 else 1 end
    from unnest(graphdb._question_names(p_question)) with ordinality as n (name, place)
    group by n.name
  ), statistics as materialized (
    select s.lexemes, s.frequencies, s.chunks / v_chunks as share from graphdb._word_statistics(p_has_many) as s
  ), counted as (
    -- The last element is the lowest frequency. Words that are not listed are rarer.
    select a.word, a.times, a.boost, f.term, f.is_plain, least(f.frequency, 1) as frequency
    from asked as a
    cross join lateral (
      select string_agg(quote_literal(l.lexeme), ' | ') as term, count(*) = 1 as is_plain,
             sum(coalesce(
               (select sum(s.share * coalesce(s.frequencies[array_position(s.lexemes, l.lexeme)], s.frequencies[cardinality(s.lexemes) + 1] / 2))
                from statistics as s),
               0)) as frequency
      from unnest(a.lexemes) as l (lexeme)) as f
  ), ordered as (
    select c.word, c.times, case when c.is_plain then c.term else '(' || c.term || ')' end as term, c.frequency,
           c.boost * least(1, v_rare / greatest(c.frequency * v_chunks, 1)) as boost,
           row_number() over rarest as place,
           p_share * v_chunks * sum(c.frequency) over rarest as so_far
    from counted as c
    window rarest as (order by c.frequency, c.term)
  ), kept as (
    -- Estimate how many chunks contain the rarest word and at least one of the words between the rarest word and this word.
    select o.*, min(o.so_far) over all_words * (1 - exp(coalesce(sum(o.rarity) over between_words, 0))) as has_both
    from (select o.*, case when o.place > 1 then ln(1 - least(o.frequency, 0.99)) end as rarity from ordered as o) as o
    where o.place <= v_most_words
    window all_words as (), between_words as (order by o.place rows between unbounded preceding and 1 preceding)
  ), found as (
    select string_agg(k.term, ' | ') filter (where k.place = 1 or k.so_far <= v_most) as by_any,
           max(k.term) filter (where k.place = 1) as rarest,
           max(k.so_far) filter (where k.place = 1) as has_rarest,
           string_agg(k.term, ' | ') filter (where k.place > 1 and k.has_both < v_most) as rest,
           1 - exp(sum(k.rarity)) as has_rest
    from kept as k
  )
  select array_agg(k.word order by k.place),
         array_agg(k.term::tsquery order by k.place),
         array_agg(k.times * ln(1 + v_chunks / (v_chunks * k.frequency + 1)) order by k.place),
         array_agg(k.boost order by k.place),
         (select case when f.has_rarest > v_most and f.has_rarest * f.has_rest >= v_least
                   then format('%s & (%s)', f.rarest, f.rest) else f.by_any end
          from found as f)::tsquery
  into p_words, p_terms, p_weights, p_boosts, p_find
  from kept as k;
end
$$;

comment on function graphdb._search_terms(text, text[], float8, float8, boolean) is
  'Return the full-text terms of a question: its words and names, their weights by rarity, the bonus for a page with an exact name, and the query for about p_matches candidates among a share of all chunks. '
  'Null if there is nothing to search for.';
revoke all on function graphdb._search_terms(text, text[], float8, float8, boolean) from public;
