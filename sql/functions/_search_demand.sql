-- What a question demands of every result: a text in quotes must stand in it, and a word after a minus must not. With "or"
-- between its parts only the latter. Null where nothing is demanded.
create or replace function graphdb._search_demand(p_query text)
returns tsquery
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select string_agg(t.term, ' & ')::tsquery
  from (select websearch_to_tsquery('pg_catalog.english', graphdb._search_question(p_query))::text as parsed) as q
  cross join regexp_split_to_table(q.parsed, ' [&|] ') as t (term)
  where t.term like '!%' or t.term like '%<%' and q.parsed not like '% | %'
$$;

comment on function graphdb._search_demand(text) is
  'What a question demands of every result: a text in quotes must stand in it, and a word after a minus must not. Null where nothing is demanded.';
revoke all on function graphdb._search_demand(text) from public;
