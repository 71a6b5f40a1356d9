-- Return values for narrowing a search: the sources, labels, languages, years of the last change (updated) and quality flags of
-- the documents that a search with this filter can find, with the number of documents. For each kind, return the p_limit most
-- frequent values, and the latest years. A kind ignores its own key in the filter, so that it also counts the alternatives.
create or replace function graphdb.search_facets(p_filter jsonb default null, p_limit integer default 20)
returns table (facet text, value text, documents bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
-- With a limit, an index on words, labels or readers would return some of the matches at random.
set gin_fuzzy_search_limit = 0
as $$
declare
  v_filter jsonb := coalesce(p_filter, '{}');
  v_shown text;
  v_fits text;
begin
  -- Reject a filter that is not valid.
  perform graphdb._shown_documents(p_filter);
  -- Create one column for each kind. It says whether the document matches the filter keys of this kind.
  select string_agg(format('(%s) as %s', case when v_filter ?| k.keys then graphdb._shown_documents(
           (select jsonb_object_agg(e.key, e.value) from jsonb_each(v_filter) as e where e.key = any (k.keys || 'as'::text))) else 'true' end, k.fits), ', '),
         graphdb._shown_documents(v_filter - '{source,label,language,updated,flag,without_flag}'::text[])
  into v_fits, v_shown
  from (values ('source_fits', '{source}'::text[]), ('label_fits', '{label}'), ('language_fits', '{language}'), ('updated_fits', '{updated}'),
               ('flag_fits', '{flag,without_flag}')) as k (fits, keys);

  return query execute
    'with seen as materialized (
       select r.source, d.labels, coalesce(d.language, ''english'') as language, substring(d.meta ->> ''updated_at'' from ''^[0-9]{4}'') as year,
              d.flags, ' || v_fits || '
       from graphdb.documents as d
       join graphdb.processed_runs as r on r.run_id = d.run_id
       where ' || v_shown || '
     ), counted as (
       select 1 as kind, ''source'' as facet, s.source as value, count(*) as documents
       from seen as s where s.label_fits and s.language_fits and s.updated_fits and s.flag_fits group by s.source
       union all
       select 2, ''label'', l.label, count(*)
       from seen as s cross join unnest(s.labels) as l (label)
       where s.source_fits and s.language_fits and s.updated_fits and s.flag_fits group by l.label
       union all
       select 3, ''language'', s.language, count(*)
       from seen as s where s.source_fits and s.label_fits and s.updated_fits and s.flag_fits group by s.language
       union all
       select 4, ''updated'', s.year, count(*)
       from seen as s where s.year is not null and s.source_fits and s.label_fits and s.language_fits and s.flag_fits group by s.year
       union all
       select 5, ''flag'', f.flag, count(*)
       from seen as s cross join unnest(s.flags) as f (flag)
       where s.source_fits and s.label_fits and s.language_fits and s.updated_fits group by f.flag
     ), ranked as (
       select c.*, row_number() over (partition by c.kind order by case when c.facet = ''updated'' then c.value end desc, c.documents desc, c.value) as place
       from counted as c
     )
     select k.facet, k.value, k.documents from ranked as k where k.place <= $1 order by k.kind, k.place'
    using graphdb._check_limit(p_limit);
end
$$;

comment on function graphdb.search_facets(jsonb, integer) is
  'Return values for narrowing a search: the sources, labels, languages, years of the last change (updated) and quality flags of the documents that a search with this filter can find, with the number of documents. '
  'For each kind, return the p_limit most frequent values, and the latest years. '
  'A kind ignores its own key in the filter, so that it also counts the alternatives. TB001: bad filter or limit.';
revoke all on function graphdb.search_facets(jsonb, integer) from public;
