-- Return the query for a phrase: consecutive words, stemmed in each of the languages. Null if all words are stop words.
create or replace function graphdb._search_phrase(p_languages text[], p_text text)
returns tsquery
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with words as (
    select t.word, t.place from graphdb._search_tokens(p_text) as t
  ), stems as (
    select g.language, w.place, w.place - lag(w.place) over (partition by g.language order by w.place) as distance,
           (select '(' || string_agg(quote_literal(l.lexeme), ' | ') || ')' from unnest(s.lexemes) as l (lexeme)) as any_form
    from unnest(p_languages) as g (language)
    cross join words as w
    cross join lateral (select graphdb._search_lexemes(g.language, w.word) as lexemes) as s
    where s.lexemes <> '{}'
  ), phrases as (
    select string_agg(case when s.distance is null then '' else format(' <%s> ', s.distance) end || s.any_form, '' order by s.place) as phrase
    from stems as s
    group by s.language
  )
  select string_agg(distinct '(' || p.phrase || ')', ' | ')::tsquery from phrases as p
$$;

comment on function graphdb._search_phrase(text[], text) is
  'Return the query for a phrase: consecutive words, stemmed in each of the languages. Null if all words are stop words.';
revoke all on function graphdb._search_phrase(text[], text) from public;
