-- Return the documents that a search with this filter can find, ordered by doc_id: at most p_limit documents after
-- p_after.
create or replace function graphdb.list_documents(
  p_after text default '',
  p_limit integer default 100,
  p_filter jsonb default null)
returns table (run_id text, doc_id text, title text, url text, bytes integer)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
-- With a limit, an index on words, labels or readers would return some of the matches at random.
set gin_fuzzy_search_limit = 0
as $$
begin
  return query execute
    'select d.run_id, d.doc_id, d.title, d.url, octet_length(d.body)
     from graphdb.documents as d
     where d.doc_id > $1 and ' || graphdb._shown_documents(p_filter) || '
     order by d.doc_id
     limit $2'
    using p_after, graphdb._check_limit(p_limit);
end
$$;

comment on function graphdb.list_documents(text, integer, jsonb) is
  'Return the documents that a search with this filter can find, ordered by doc_id: at most p_limit documents after p_after. '
  'p_filter: see graphdb.search. TB001: bad filter or limit.';
revoke all on function graphdb.list_documents(text, integer, jsonb) from public;
