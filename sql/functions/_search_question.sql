-- A question as websearch_to_tsquery should see it: the words as in chunks.search_vector; quotes, and a minus before a
-- word, as they are. Two are no minus but an option, as in --dry-run.
create or replace function graphdb._search_question(p_query text)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select translate(
    regexp_replace(
      graphdb._search_words(translate(
        regexp_replace(regexp_replace(coalesce(p_query, ''), e'--+|-(?!\\S)', ' ', 'g'), e'([^\\s"])-', e'\\1 ', 'g'),
        '"-', e'\x01\x02')),
      e'\x02\\s+', e'\x02', 'g'),
    e'\x01\x02', '"-')
$$;

comment on function graphdb._search_question(text) is
  'A question as websearch_to_tsquery should see it: the words as in chunks.search_vector; quotes, and a minus before a word, as they are.';
revoke all on function graphdb._search_question(text) from public;
