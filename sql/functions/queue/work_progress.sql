-- Return the progress of each unfinished run, in the order of claims: documents that wait to be chunked, texts, and texts that
-- have a vector under a model (null: the served model). A run has no texts until it is chunked. Paused runs are not included. Documents
-- that the caller may not read do not count.
create or replace function graphdb.work_progress(p_filter jsonb default null, p_model text default null)
returns table (run_id text, status text, is_due boolean, documents bigint, texts bigint, embedded bigint)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model_id integer;
begin
  if p_model is null then
    select m.model_id into v_model_id from graphdb.embedding_models as m where m.is_served;
  else
    v_model_id := (graphdb._model(p_model)).model_id;
  end if;
  return query execute
    'with selected as materialized (
       select r.run_id, r.status, r.priority, r.normalized_at,
              r.claimed_by is null and (r.available_at is null or r.available_at <= $3) as is_due,
              case when r.status in (''chunked'', ''embedding'') then 0
                   when h.run_id is null then greatest(0, r.total_docs - coalesce(r.claim_progress, 0))
                   else r.total_docs - least(r.total_docs, h.documents) end as documents,
              h.run_id is null as is_whole
       from graphdb.processed_runs as r
       left join graphdb._hidden_documents() as h on h.run_id = r.run_id
       where r.status in (''normalized'', ''chunking'', ''chunked'', ''embedding'', ''reset'')
         and (r.paused_at is null or r.claimed_by is not null) and ' || graphdb._filter_condition(p_filter) || '
       order by r.priority desc, r.normalized_at, r.run_id
       limit $2
     ), counted as (
       select t.run_id, count(*) as texts, count(e.input_sha256) - count(o.input_sha256) as embedded
       from (
         select distinct s.run_id, c.input_sha256
         from selected as s
         cross join lateral graphdb._current_chunks(s.run_id) as c
         where s.status in (''chunked'', ''embedding'')
           and (s.is_whole or exists (
             select from graphdb.documents as d
             where d.run_id = c.run_id and d.doc_id = c.doc_id and d.revision = c.revision
               and graphdb.may_read(d.readers, (select graphdb.principals()))))
       ) as t
       left join graphdb.embeddings as e on e.model_id = $1 and e.input_sha256 = t.input_sha256
       left join graphdb.stale_embeddings as o on o.model_id = e.model_id and o.input_sha256 = e.input_sha256
       group by t.run_id
     )
     select s.run_id, s.status, s.is_due, s.documents::bigint, coalesce(c.texts, 0), coalesce(c.embedded, 0)
     from selected as s
     left join counted as c on c.run_id = s.run_id
     order by s.priority desc, s.normalized_at, s.run_id'
    using v_model_id, graphdb._filter_limit(p_filter), graphdb.clock();
end
$$;

comment on function graphdb.work_progress(jsonb, text) is
  'Return the progress of each unfinished run, in the order of claims: documents that wait to be chunked, texts, and texts that have a vector under p_model (null: the served model). '
  'A run has no texts until it is chunked. Paused runs without a claim are not included. Documents that the caller may not read do not count. '
  'TB001: bad filter, or no such model.';
revoke all on function graphdb.work_progress(jsonb, text) from public;
