-- Return values for narrowing a search: the sources, labels and languages of the documents that a search with this
-- filter can find, with the number of documents. For each kind, return the p_limit most frequent values.
create or replace function graphdb.search_facets(p_filter jsonb default null, p_limit integer default 20)
returns table (facet text, value text, documents bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query execute
    'with seen as (
       select r.source, d.labels, d.meta ->> ''language'' as language
       from graphdb.documents as d
       join graphdb.processed_runs as r on r.run_id = d.run_id
       where ' || graphdb._shown_documents(p_filter) || '
     ), counted as (
       select ''source'' as facet, s.source as value, count(*) as documents from seen as s group by s.source
       union all
       select ''label'', l.label, count(*) from seen as s cross join unnest(s.labels) as l (label) group by l.label
       union all
       select ''language'', s.language, count(*) from seen as s where s.language is not null group by s.language
     ), ranked as (
       select c.*, row_number() over (partition by c.facet order by c.documents desc, c.value) as place from counted as c
     )
     select k.facet, k.value, k.documents from ranked as k where k.place <= $1 order by k.facet, k.place'
    using graphdb._check_limit(p_limit);
end
$$;

comment on function graphdb.search_facets(jsonb, integer) is
  'Return values for narrowing a search: the sources, labels and languages of the documents that a search with this filter can find, with the number of documents. '
  'For each kind, return the p_limit most frequent values. TB001: bad filter or limit.';
revoke all on function graphdb.search_facets(jsonb, integer) from public;
