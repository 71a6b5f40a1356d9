-- Count the chunks of the documents that report_documents includes by size and kind, and the documents by the share that
-- their chunks cover. The result has the same columns as report_documents.
create or replace function graphdb.report_chunks(p_run_id text default null, p_limit integer default 20, p_step integer default 32)
returns table (kind text, value text, documents bigint, occurrences bigint, further_values bigint, pages jsonb)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  with reported as materialized (
    select d.run_id, d.doc_id, d.revision, d.title, d.url, d.path, octet_length(d.body) as bytes
    from graphdb.documents as d
    where d.is_current and case when p_run_id is null then d.is_newest else d.run_id = p_run_id end
      and ((select graphdb._processes_runs()) or graphdb.may_read(d.readers, (select graphdb.principals())))
  ), chunked as materialized (
    select k.run_id, k.doc_id, k.kind, k.token_count / s.step * s.step as tokens, count(*) as chunks, sum(k.byte_end - k.byte_start) as bytes
    from reported as d
    join graphdb.chunks as k on k.run_id = d.run_id and k.doc_id = d.doc_id and k.revision = d.revision
    cross join (select graphdb._check_limit(p_step) as step) as s
    group by k.run_id, k.doc_id, k.kind, 4
  ), said as (
    select c.run_id, c.doc_id, 'chunk_size' as kind, c.tokens::text as value, sum(c.chunks)::bigint as weight
    from chunked as c
    group by c.run_id, c.doc_id, c.tokens
    union all
    select c.run_id, c.doc_id, 'chunk_kind', c.kind, sum(c.chunks)::bigint from chunked as c group by c.run_id, c.doc_id, c.kind
    union all
    -- Chunks never cover the whitespace between them. Therefore, the exact count is needed only if much is missing.
    select d.run_id, d.doc_id, 'coverage',
           case
             when c.bytes is null then 'none'
             when c.bytes >= 0.9 * d.bytes then 'whole'
             when c.bytes >= (
               select octet_length(regexp_replace(b.body, '[[:space:]]+', '', 'g'))
               from graphdb.documents as b
               where b.run_id = d.run_id and b.doc_id = d.doc_id and b.revision = d.revision) then 'whole'
             else 'partly'
           end,
           d.bytes
    from reported as d
    left join (select k.run_id, k.doc_id, sum(k.bytes) as bytes from chunked as k group by k.run_id, k.doc_id) as c
      on c.run_id = d.run_id and c.doc_id = d.doc_id
  ), placed as (
    select s.*, row_number() over (partition by s.kind, s.value order by s.weight desc, s.doc_id, s.run_id) as place from said as s
  )
  select p.kind, p.value, count(*), sum(p.weight)::bigint, 0::bigint,
         coalesce(jsonb_agg(jsonb_build_object(
           'run_id', d.run_id, 'doc_id', d.doc_id, 'title', d.title, 'url', d.url, 'path', d.path, 'weight', p.weight)
           order by p.place) filter (where p.place <= graphdb._check_limit(p_limit)), '[]')
  from placed as p
  join reported as d on d.run_id = p.run_id and d.doc_id = p.doc_id
  group by p.kind, p.value
  order by p.kind, length(p.value), p.value
$$;

comment on function graphdb.report_chunks(text, integer, integer) is
  'Count the chunks of the documents that report_documents includes. '
  'The result has the same columns. '
  'The kinds are chunk_size (the lower bound of each range of p_step tokens), chunk_kind (text, code, table), and coverage of the documents (whole, partly, none). occurrences: chunks, or bytes of the documents. '
  'TB001: bad limit or step.';
revoke all on function graphdb.report_chunks(text, integer, integer) from public;
