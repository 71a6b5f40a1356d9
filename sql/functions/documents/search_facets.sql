-- Return values for narrowing a search: the sources, labels, languages, years of the last change (updated) and quality flags of
-- the documents that a search with this filter can find, with the number of documents. For each kind, return the p_limit most
-- frequent values, and the latest years. A kind ignores its own key in the filter, so that it also counts the alternatives.
create or replace function graphdb.search_facets(p_filter jsonb default null, p_limit integer default 20)
returns table (facet text, value text, documents bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  -- The facet, the keys of the filter that it ignores, its values in each document, and the order of the values.
  v_facets constant text[] := array[
    ['source', '{source}', 'array[r.source]', 'count(*) desc, v.value'],
    ['label', '{label}', 'd.labels', 'count(*) desc, v.value'],
    ['language', '{language}', 'array[coalesce(d.language, ''english'')]', 'count(*) desc, v.value'],
    ['updated', '{updated}', 'array[substring(d.meta ->> ''updated_at'' from ''^[0-9]{4}'')]', 'v.value desc'],
    ['flag', '{flag,without_flag}', 'd.flags', 'count(*) desc, v.value']];
  v_facet text[];
  v_filter jsonb := coalesce(p_filter, '{}');
begin
  foreach v_facet slice 1 in array v_facets loop
    return query execute format(
      'select %L, v.value, count(*)
       from graphdb.documents as d
       join graphdb.processed_runs as r on r.run_id = d.run_id
       cross join unnest(%s) as v (value)
       where v.value is not null and %s
       group by v.value
       order by %s
       limit $1',
      v_facet[1], v_facet[3],
      graphdb._shown_documents(case when jsonb_typeof(v_filter) = 'object' then v_filter - v_facet[2]::text[] else v_filter end), v_facet[4])
      using graphdb._check_limit(p_limit);
  end loop;
end
$$;

comment on function graphdb.search_facets(jsonb, integer) is
  'Return values for narrowing a search: the sources, labels, languages, years of the last change (updated) and quality flags of the documents '
  'that a search with this filter can find, with the number of documents. For each kind, return the p_limit most frequent values, and the latest years. '
  'A kind ignores its own key in the filter, so that it also counts the alternatives. TB001: bad filter or limit.';
revoke all on function graphdb.search_facets(jsonb, integer) from public;
