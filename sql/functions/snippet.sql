-- The parts of a text that answer a question best, with its words between the characters 1 and 2 for the caller to mark.
create or replace function graphdb.snippet(p_query text, p_text text)
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select ts_headline(
    'pg_catalog.english', translate(p_text, e'\x01\x02', ''), w.words,
    e'StartSel=\x01, StopSel=\x02, MaxFragments=2, MaxWords=32, MinWords=12, FragmentDelimiter=" … "')
  from (
    select coalesce(string_agg(u.term::text, ' | ')::tsquery, ''::tsquery) as words
    from graphdb._search_terms(p_query) as t
    cross join unnest(t.p_words) as u (term)
  ) as w
$$;

comment on function graphdb.snippet(text, text) is
  'The parts of a text that answer a question best, with its words between the characters 1 and 2 for the caller to mark.';
revoke all on function graphdb.snippet(text, text) from public;
