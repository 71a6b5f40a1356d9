-- Count the documents of a run, or the newest version of every document, by source, language, age, readers, size, quality
-- flags, content lost by normalizing, broken links, and whether search shows them. Each row contains one value of one
-- kind and the p_limit pages with the largest weight. For each kind, only the 100 (or p_limit) most frequent values are
-- returned. Documents that the caller may neither read nor process are omitted.
create or replace function graphdb.report_documents(p_run_id text default null, p_limit integer default 20)
returns table (kind text, value text, documents bigint, occurrences bigint, further_values bigint, pages jsonb)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with reported as materialized (
    select d.run_id, d.doc_id, d.title, d.url, d.path, d.labels, d.flags, d.meta, r.source,
           octet_length(d.body)::bigint as bytes,
           coalesce(d.language, 'unknown') as language,
           extract(days from graphdb.clock() - graphdb._meta_time(d.meta ->> 'updated_at'))::bigint as age,
           d.readers,
           case jsonb_typeof(d.meta -> 'losses') when 'object' then d.meta -> 'losses' else '{}' end as losses,
           exists (select from graphdb.documents as s where s.run_id = d.run_id and s.doc_id = d.doc_id and s.is_searched) as is_searched,
           d.is_findable
    from graphdb.documents as d
    join graphdb.processed_runs as r on r.run_id = d.run_id
    where d.is_current and case when p_run_id is null then d.is_newest else d.run_id = p_run_id end
      and ((select graphdb._processes_runs()) or graphdb.may_read(d.readers, (select graphdb.principals())))
  ), said as (
    select d.run_id, d.doc_id, s.kind, s.value, s.weight
    from reported as d
    cross join lateral (
      select 'source' as kind, d.source as value, d.bytes as weight
      union all
      select 'language', d.language, d.bytes
      union all
      select 'search', case when d.is_searched then 'shown' when d.is_findable then 'waiting' else 'hidden' end, d.bytes
      union all
      select 'size', (select max(b.least) from unnest('{0,1,200,1000,5000,20000,100000}'::bigint[]) as b (least) where b.least <= d.bytes)::text, d.bytes
      union all
      select 'age',
             coalesce((select max(b.least) from unnest('{0,30,90,365,730,1825}'::bigint[]) as b (least) where b.least <= greatest(d.age, 0))::text, 'unknown'),
             coalesce(d.age, 0)
      union all
      select 'access', case when d.readers is null then 'everybody' when jsonb_path_exists(d.readers, 'strict $[*] ? (@.size() == 0)') then 'nobody' else 'restricted' end, d.bytes
      union all
      select distinct 'reader', e.reader #>> '{}', d.bytes from jsonb_path_query(d.readers, 'strict $[*][*]') as e (reader)
      union all
      select 'label', l.label, d.bytes from unnest(d.labels) as l (label)
      union all
      select 'flag', f.flag, d.bytes from unnest(d.flags) as f (flag)
      union all
      select 'loss', l.key, least((l.value #>> '{}')::numeric, 1e15)::bigint
      from jsonb_each(d.losses) as l (key, value)
      where jsonb_typeof(l.value) = 'number'
      union all
      select 'broken_link', (l.link ->> 'reason') || ': ' || left(l.link ->> 'href', 500), count(*)
      from jsonb_path_query(d.meta, '$.links[*] ? (@.reason == "not in input" || @.reason == "no such key" || @.reason == "outside the input")') as l (link)
      group by 1, 2
    ) as s (kind, value, weight)
    where s.value is not null
  ), placed as (
    select s.*, row_number() over (partition by s.kind, s.value order by s.weight desc, s.doc_id, s.run_id) as place from said as s
  ), counted as (
    select p.kind, p.value, count(*) as documents, sum(p.weight)::bigint as occurrences,
           row_number() over (partition by p.kind order by count(*) desc, p.value) as place,
           count(*) over (partition by p.kind) as all_values
    from placed as p
    group by p.kind, p.value
  ), listed as (
    select p.kind, p.value,
           jsonb_agg(jsonb_build_object(
             'run_id', d.run_id, 'doc_id', d.doc_id, 'title', d.title, 'url', d.url, 'path', d.path, 'weight', p.weight) order by p.place) as pages
    from placed as p
    join reported as d on d.run_id = p.run_id and d.doc_id = p.doc_id
    where p.place <= graphdb._check_limit(p_limit)
    group by p.kind, p.value
  )
  select c.kind, c.value, c.documents, c.occurrences, greatest(c.all_values - greatest(100, p_limit), 0), l.pages
  from counted as c
  join listed as l on l.kind = c.kind and l.value = c.value
  where c.place <= greatest(100, p_limit)
  order by c.kind, c.place
$$;

comment on function graphdb.report_documents(text, integer) is
  'Count the documents of a run (null: the newest version of every document) by kind. '
  'The kinds are source, language, search (shown, waiting or hidden), size (in bytes), age (in days), access, reader, label, flag, loss and broken_link. '
  'For size and age, the value is the lower bound of a range. '
  'The weight of a document is its age in days, its number of losses or links, or, for all other kinds, its size in bytes. occurrences is the sum of the weights. '
  'pages contains at most p_limit pages, largest weight first. '
  'For each kind, only the 100 most frequent values are returned, or p_limit if that is more, and further_values counts the others. '
  'Documents that the caller may neither read nor process are omitted. TB001: bad limit.';
revoke all on function graphdb.report_documents(text, integer) from public;
