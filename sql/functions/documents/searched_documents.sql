-- Return how many documents a search with this filter can find. If several runs contain a document, only one version counts.
create or replace function graphdb.searched_documents(p_filter jsonb default null)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
-- With a limit, an index on words, labels or readers would return some of the matches at random.
set gin_fuzzy_search_limit = 0
as $$
declare
  v_documents bigint;
begin
  execute 'select count(*) from graphdb.documents as d where ' || graphdb._shown_documents(p_filter) into v_documents;
  return v_documents;
end
$$;

comment on function graphdb.searched_documents(jsonb) is
  'Return how many documents a search with this filter can find. If several runs contain a document, only one version counts. '
  'p_filter: see graphdb.search. TB001: bad filter.';
revoke all on function graphdb.searched_documents(jsonb) from public;
