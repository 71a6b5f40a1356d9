-- What a question asks of the full text. Each of its words counts, the rarer the more. p_find finds the candidates among
-- p_share of all chunks: they have one of the rarest words or, where all are common, the rarest and another. Null where
-- nothing is asked, as by a question of stop words.
create or replace function graphdb._search_terms(
  p_query text,
  p_share float8,
  out p_words tsquery[],
  out p_weights float8[],
  out p_find tsquery)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Matches that fill a list, and those that are ranked within a few milliseconds; of a share, fewer are found as quickly.
  v_least constant float8 := 100;
  v_most constant float8 := greatest(1.5 * v_least, p_share * 1500);
  -- A pasted paragraph is asked for by its rarest words.
  v_most_words constant integer := 16;
  v_chunks constant float8 := (select greatest(c.reltuples, 1) from pg_class as c where c.oid = 'graphdb.chunks'::regclass);
begin
  -- The parser leaves no parentheses but around what is negated, so that the parts are terms.
  with words as (
    select distinct t.term
    from regexp_split_to_table(
      websearch_to_tsquery('pg_catalog.english', graphdb._search_question(p_query))::text, ' [&|] ') as t (term)
    where t.term <> '' and t.term not like '!%'
  ), statistics as (
    select s.most_common_elems::text::text[] as lexemes, s.most_common_elem_freqs as frequencies
    from pg_stats as s
    where (s.schemaname, s.tablename, s.attname) = ('graphdb', 'chunks', 'search_vector')
  ), common as (
    select quote_literal(u.lexeme) as term, u.frequency
    from statistics as s
    cross join unnest(s.lexemes, s.frequencies) as u (lexeme, frequency)
  ), others as (
    -- After the frequencies of the lexemes stands the least of them: words that are not listed have less.
    select s.frequencies[cardinality(s.lexemes) + 1] / 2 as frequency from statistics as s
  ), counted as (
    select w.term, coalesce(c.frequency, (select o.frequency from others as o), 0) as frequency
    from words as w
    left join common as c on c.term = w.term
  ), ordered as (
    select w.term, w.frequency,
           row_number() over rarest as place,
           p_share * v_chunks * sum(w.frequency) over rarest as so_far
    from counted as w
    window rarest as (order by w.frequency, w.term)
  ), kept as (
    select o.* from ordered as o where o.place <= v_most_words
  ), found as (
    select string_agg(k.term, ' | ') filter (where k.place = 1 or k.so_far <= v_most) as by_any,
           max(k.term) filter (where k.place = 1) as rarest,
           max(k.so_far) filter (where k.place = 1) as has_rarest,
           string_agg(k.term, ' | ') filter (where k.place > 1) as rest,
           1 - exp(sum(ln(1 - least(k.frequency, 0.99))) filter (where k.place > 1)) as has_rest
    from kept as k
  )
  select array_agg(k.term::tsquery order by k.place),
         array_agg(ln(1 + v_chunks / (v_chunks * k.frequency + 1)) order by k.place),
         (select case when f.has_rarest > v_most and f.has_rarest * f.has_rest >= v_least
                   then format('%s & (%s)', f.rarest, f.rest) else f.by_any end
          from found as f)::tsquery
  into p_words, p_weights, p_find
  from kept as k;
end
$$;

comment on function graphdb._search_terms(text, float8) is
  'What a question asks of the full text: its words, their weights by rarity, and the query that finds candidates among a share of all chunks. Null where nothing is asked.';
revoke all on function graphdb._search_terms(text, float8) from public;
