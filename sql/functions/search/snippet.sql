-- The parts of a chunk's text that answer a question best, as plain text, with its words between the characters 1 and 2 for
-- the caller to mark. The headings that the text begins with are left out.
create or replace function graphdb.snippet(p_query text, p_text text, p_heading_path text[] default '{}')
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
as $$
  -- In disguise, < and > are no tags, which a headline leaves out.
  select translate(ts_headline(
    'pg_catalog.english',
    translate(graphdb._plain_text(translate(
      case when starts_with(p_text, h.heading) then substr(p_text, length(h.heading) + 1) else p_text end, e'\x01\x02', '')),
      '<>', e'\x03\x04'),
    w.words,
    e'StartSel=\x01, StopSel=\x02, MaxFragments=2, MaxWords=32, MinWords=12, FragmentDelimiter=" … "'),
    e'\x03\x04', '<>')
  from (select array_to_string(p_heading_path, ' > ') || e'\n\n' as heading) as h
  cross join (
    select coalesce(string_agg(u.term::text, ' | ')::tsquery, ''::tsquery) as words
    from graphdb._search_terms(p_query, 1) as t
    cross join unnest(t.p_words) as u (term)
  ) as w
$$;

comment on function graphdb.snippet(text, text, text[]) is
  'The parts of a chunk''s text that answer a question best, as plain text, without the headings it begins with; the words of the question stand between the characters 1 and 2 for the caller to mark.';
revoke all on function graphdb.snippet(text, text, text[]) from public;
