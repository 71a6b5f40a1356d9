-- Return how a search interprets a question: the question with corrected typing errors, and the excluded words.
-- Embed the corrected question, and pass it to graphdb.search.
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
set client_min_messages = warning
set plan_cache_mode = force_generic_plan
as $$
declare
  v_languages constant text[] := graphdb._search_languages(graphdb._filter_principals(p_filter));
  v_scope constant record := graphdb._search_scope(p_filter);
  v_asked constant record := graphdb._search_demand(p_query, p_filter, v_languages, v_scope.p_from);
begin
  without := coalesce(v_asked.p_without, '{}');
  -- The whole question with its quotes and dashes, and with corrected words. It is normalized, because models do not know full-width or
  -- decomposed characters.
  select normalize(c.p_corrected, nfkc), c.p_corrections into question, corrections
  from graphdb._corrected_question(p_query, v_languages, v_scope.p_from) as c;
end
$$;

comment on function graphdb.read_question(text, jsonb) is
  'Return how a search interprets a question: the question with corrected typing errors, the corrections, and the words that no result may contain. '
  'Embed the corrected question and pass it to graphdb.search. TB001: bad filter.';
revoke all on function graphdb.read_question(text, jsonb) from public;
