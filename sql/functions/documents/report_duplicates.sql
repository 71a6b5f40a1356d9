-- Find duplicates among the documents that report_documents includes: groups with the same body, and pairs with similar
-- mean vectors. With at most a thousand documents, every pair is compared. With more, a pair is compared only if the
-- signs of both vectors agree in two bands of 16 components, so that the time does not grow with the square of the number
-- of documents.
create or replace function graphdb.report_duplicates(
  p_run_id text default null,
  p_limit integer default 100,
  p_similarity float8 default 0.97)
returns table (kind text, similarity float8, documents bigint, pages jsonb)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_near text :=
    'near as (
       select a.number as one, b.number as other from vectors as a join vectors as b on b.number > a.number';
begin
  if (select count(*) from graphdb.documents as d where d.is_current and case when p_run_id is null then d.is_newest else d.run_id = p_run_id end
        and ((select graphdb._processes_runs()) or graphdb.may_read(d.readers, (select graphdb.principals())))) > 1000 then
    v_near :=
      'signs as materialized (
         select v.number, %1$s.binary_quantize(v.embedding operator(%1$s.-) m.mean) as bits
         from vectors as v
         cross join (select %1$s.avg(o.embedding) as mean from vectors as o) as m
       ), bands as materialized (
         select s.band, s.bits, s.number, row_number() over (partition by s.band, s.bits order by s.number) as place
         from (
           select b.band, substring(v.bits from b.band * 16 + 1 for 16)::bit(16)::integer as bits, v.number
           from signs as v
           cross join lateral generate_series(0, least(length(v.bits) / 16, 24) - 1) as b (band)) as s
       ), near as (
         select a.number as one, b.number as other
         from bands as a
         join bands as b on b.band = a.band and b.bits = a.bits and b.number > a.number
         where a.place <= 50 and b.place <= 50
         group by a.number, b.number
         having count(*) > 1';
  end if;
  return query execute format(
    'with reported as materialized (
       select d.run_id, d.doc_id, d.revision, d.title, d.url, d.path,
              case when d.body ~ ''[^[:space:]]'' then sha256(convert_to(d.body, ''UTF8'')) end as body
       from graphdb.documents as d
       where d.is_current and case when $1 is null then d.is_newest else d.run_id = $1 end
         and ((select graphdb._processes_runs()) or graphdb.may_read(d.readers, (select graphdb.principals())))
     ), listed as (
       select r.run_id, r.doc_id, r.body,
              jsonb_build_object(''run_id'', r.run_id, ''doc_id'', r.doc_id, ''title'', r.title, ''url'', r.url, ''path'', r.path) as page
       from reported as r
     ), identical as (
       select count(*) as documents, jsonb_agg(l.page order by l.doc_id, l.run_id) as pages
       from listed as l
       where l.body is not null
       group by l.body
       having count(*) > 1
       order by 1 desc, 2
       limit graphdb._check_limit($2)
     ), model as (
       select v.model_id
       from reported as r
       join graphdb.document_vectors as v on v.run_id = r.run_id and v.doc_id = r.doc_id and v.revision = r.revision
       group by v.model_id
       order by count(*) desc, v.model_id
       limit 1
     ), vectors as materialized (
       select r.run_id, r.doc_id, r.body, v.embedding, row_number() over (order by r.doc_id, r.run_id) as number
       from reported as r
       join graphdb.document_vectors as v on v.run_id = r.run_id and v.doc_id = r.doc_id and v.revision = r.revision
       where v.model_id = (select m.model_id from model as m) and r.body is not null
     ), ' || v_near || '
     ), alike as (
       select 1 - (a.embedding operator(%1$s.<=>) b.embedding) as similarity, a.run_id, a.doc_id, b.run_id as other_run, b.doc_id as other_doc
       from near as n
       join vectors as a on a.number = n.one
       join vectors as b on b.number = n.other
       where a.body <> b.body and 1 - (a.embedding operator(%1$s.<=>) b.embedding) >= $3
       order by 1 desc, 2, 3, 4, 5
       limit graphdb._check_limit($2)
     )
     select ''identical'', 1::float8, i.documents, i.pages from identical as i
     union all
     select ''similar'', s.similarity, 2, jsonb_build_array(a.page, b.page)
     from alike as s
     join listed as a on a.run_id = s.run_id and a.doc_id = s.doc_id
     join listed as b on b.run_id = s.other_run and b.doc_id = s.other_doc
     order by 1, 2 desc, 3 desc, 4', graphdb._vector_schema())
    using p_run_id, p_limit, p_similarity;
end
$$;

comment on function graphdb.report_duplicates(text, integer, float8) is
  'Find duplicates among the documents that report_documents includes. '
  'The kinds are identical (groups with the same body) and similar (pairs whose mean vectors have a cosine similarity of at least p_similarity). '
  'At most p_limit of each are returned. With at most a thousand documents, every pair is compared. '
  'With more, the mean of all vectors is subtracted, and a pair is compared only if the signs of both vectors agree in two of at most 24 bands of 16 components. '
  'This finds nearly all similar pairs. '
  'TB001: bad limit.';
revoke all on function graphdb.report_duplicates(text, integer, float8) from public;
