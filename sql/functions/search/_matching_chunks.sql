-- Return the statement that finds the chunks in a scope (graphdb._search_parts) that match a query. Null without a query.
create or replace function graphdb._matching_chunks(p_scope text[], p_query tsquery)
returns text
language sql
immutable
strict
set search_path = pg_catalog, pg_temp
as $$
  select string_agg(
    format('select c.run_id, c.doc_id, c.revision, c.ord, c.input_sha256, c.token_count, c.search_vector from %s @@ %L::tsquery', s.source, p_query),
    ' union all ' order by s.place)
  from unnest(p_scope) with ordinality as s (source, place)
$$;

comment on function graphdb._matching_chunks(text[], tsquery) is
  'Return the statement that finds the chunks in a scope (graphdb._search_parts) that match a query. Null without a query.';
revoke all on function graphdb._matching_chunks(text[], tsquery) from public;
