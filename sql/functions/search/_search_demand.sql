-- What a question demands of every result: a text in quotes must stand in it, and a word after a minus must not. With "or"
-- between its parts only the latter. Null where nothing is demanded.
create or replace function graphdb._search_demand(p_query text)
returns tsquery
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  with asked as (
    select q.question, websearch_to_tsquery('pg_catalog.english', q.question)::text like '% | %' as has_or
    from (select graphdb._search_question(p_query) as question) as q
  ), demanded as (
    select websearch_to_tsquery('pg_catalog.english', m.parts[1]) as part
    from asked as a
    cross join regexp_matches(a.question, e'(-?"[^"]*"|-\\S+)', 'g') as m (parts)
    where m.parts[1] like '-%' or not a.has_or
  )
  select string_agg(distinct d.part::text, ' & ')::tsquery from demanded as d where numnode(d.part) > 0
$$;

comment on function graphdb._search_demand(text) is
  'What a question demands of every result: a text in quotes must stand in it, and a word after a minus must not. Null where nothing is demanded.';
revoke all on function graphdb._search_demand(text) from public;
