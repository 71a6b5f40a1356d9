-- What a question asks of the full text. Each of its words counts, the rarer the more; a text in quotes must stand in a
-- result, and a word after a minus must not. p_find finds the candidates: they have one of the words, but words that very
-- many chunks have find none while rarer ones are there. Null where nothing is asked, as by a question of stop words.
create or replace function graphdb._search_terms(
  p_query text,
  out p_words tsquery[],
  out p_weights float8[],
  out p_find tsquery,
  out p_demand tsquery)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Matches that are ranked within a few milliseconds.
  v_most constant float8 := 1500;
  -- A pasted paragraph is asked for by its rarest words.
  v_most_words constant integer := 16;
  v_chunks constant float8 := (select greatest(c.reltuples, 1) from pg_class as c where c.oid = 'graphdb.chunks'::regclass);
  v_parsed constant text := websearch_to_tsquery('pg_catalog.english', graphdb._search_question(p_query))::text;
begin
  -- The parser leaves no parentheses but around what is negated, so that the parts are terms.
  with words as (
    select distinct t.term
    from regexp_split_to_table(v_parsed, ' [&|] ') as t (term)
    where t.term <> '' and t.term not like '!%'
  ), common as (
    select quote_literal(u.lexeme) as term, u.frequency
    from pg_stats as s
    cross join unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) as u (lexeme, frequency)
    where (s.schemaname, s.tablename, s.attname) = ('graphdb', 'chunks', 'search_vector')
  ), counted as (
    select w.term, v_chunks * coalesce(c.frequency, 0) as matches
    from words as w
    left join common as c on c.term = w.term
  ), ordered as (
    select w.term, w.matches, row_number() over rarest as place, sum(w.matches) over rarest as so_far
    from counted as w
    window rarest as (order by w.matches, w.term)
  )
  select array_agg(o.term::tsquery order by o.place),
         array_agg(ln(1 + v_chunks / (o.matches + 1)) order by o.place),
         string_agg(o.term, ' | ') filter (where o.place = 1 or o.so_far <= v_most)
  into p_words, p_weights, p_find
  from ordered as o
  where o.place <= v_most_words;

  select string_agg(t.term, ' & ') into p_demand
  from regexp_split_to_table(v_parsed, ' [&|] ') as t (term)
  where t.term like '!%' or t.term like '%<%' and v_parsed not like '% | %';
end
$$;

comment on function graphdb._search_terms(text) is
  'What a question asks of the full text: its words, their weights by rarity, the query that finds candidates, and the one that every result must match. Null where nothing is asked.';
revoke all on function graphdb._search_terms(text) from public;
