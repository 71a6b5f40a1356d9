-- Return how a search interprets a question: the question with typos corrected, and the excluded words. Phrases in
-- quotes and excluded words are not corrected. Embed the corrected question, and pass it to graphdb.search.
create or replace function graphdb.read_question(
  p_query text,
  p_filter jsonb default null,
  out question text,
  out corrections text[],
  out without text[])
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
-- With a limit, an index on words, labels or readers would return some of the matches at random.
set gin_fuzzy_search_limit = 0
set client_min_messages = warning
set plan_cache_mode = force_generic_plan
as $$
declare
  v_languages constant text[] := graphdb._search_languages(graphdb._filter_principals(p_filter));
  v_scope constant record := graphdb._search_parts(p_filter);
  v_asked constant record := graphdb._search_demand(p_query, p_filter, v_languages, v_scope.p_from);
  -- Phrases in quotes and excluded words are not corrected. Numbers replace them while the other words are corrected.
  v_kept text[] := '{}';
  v_part text;
  v_rest text := translate(graphdb._search_symbols(p_query), '“”„', '"""');
begin
  without := coalesce(v_asked.p_without, '{}');
  for v_part in
    select m.parts[1] from regexp_matches(v_rest, '("[^"]*")', 'g') as m (parts)
    union all
    select '-' || w.word from unnest(without) as w (word)
  loop
    v_kept := v_kept || v_part;
    v_rest := replace(v_rest, v_part, format(e'\u0001%s\u0002', cardinality(v_kept)));
  end loop;
  -- The question is normalized, because models do not know full-width or decomposed characters.
  select normalize(c.p_corrected, nfkc), c.p_corrections into question, corrections
  from graphdb._corrected_question(v_rest, v_languages, v_scope.p_from) as c;
  for v_number in reverse cardinality(v_kept)..1 loop
    question := replace(question, format(e'\u0001%s\u0002', v_number), v_kept[v_number]);
  end loop;
end
$$;

comment on function graphdb.read_question(text, jsonb) is
  'Return how a search interprets a question: the question with typos corrected, the corrections, and the words that no result may contain. '
  'Embed the corrected question and pass it to graphdb.search. TB001: bad filter.';
revoke all on function graphdb.read_question(text, jsonb) from public;
