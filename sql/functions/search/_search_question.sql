-- A question as websearch_to_tsquery should see it: the words as in chunks.search_vector; pairs of quotes, and a minus before a
-- word, as they are. A quote alone, or after a digit (19" racks), is none; two minus are an option, as in --dry-run.
-- Of a pasted text the first 10,000 characters: PostgreSQL cannot print a query of 20,000 words.
create or replace function graphdb._search_question(p_query text)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  with asked as (
    select translate(left(p_query, 10000), '“”„', '"""') as question
  ), quoted as (
    select replace(regexp_replace(a.question, '(^|[^0-9])"([^"]*)"', e'\\1\x01\\2\x01', 'g'), '"', ' ') as question from asked as a
  ), dashed as (
    select translate(regexp_replace(regexp_replace(q.question, e'--+|-(?!\\S)', ' ', 'g'), e'([^\\s\x01])-', e'\\1 ', 'g'), '-', e'\x02') as question
    from quoted as q
  )
  select coalesce(translate(regexp_replace(graphdb._search_words(d.question), e'\x02\\s+', e'\x02', 'g'), e'\x01\x02', '"-'), '')
  from dashed as d
$$;

comment on function graphdb._search_question(text) is
  'A question as websearch_to_tsquery should see it: the words as in chunks.search_vector; pairs of quotes, and a minus before a word, as they are.';
revoke all on function graphdb._search_question(text) from public;
