-- Return the texts that need a vector under a model, and the runs that contain them: the texts of embedded runs, and of
-- documents that searches find by vector under the served model (is_found). Documents that searches do not find by
-- vector yet do not delay a switch. If a run was embedded with this model before, its texts at that time
-- are used.
create or replace function graphdb._missing_inputs(p_model_id integer)
returns table (run_id text, input_sha256 bytea, is_found boolean)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select distinct d.run_id, c.input_sha256, f.is_found
  from graphdb.documents as d
  join graphdb.processed_runs as r on r.run_id = d.run_id
  left join graphdb.documents as k
    on k.kept_for = p_model_id and k.run_id = d.run_id and k.doc_id = d.doc_id and r.status = 'embedded'
      and not exists (select from graphdb.embedding_models as m where m.model_id = p_model_id and m.model = r.embedding_model)
  join graphdb.chunks as c on c.run_id = d.run_id and c.doc_id = d.doc_id and c.revision = coalesce(k.revision, d.revision)
  cross join lateral (
    select exists (
      select from graphdb.documents as o
      join graphdb.chunks as s on s.run_id = o.run_id and s.doc_id = o.doc_id and s.revision = o.revision
      join graphdb.embedding_models as m on m.is_served
      join graphdb.embeddings as e on e.model_id = m.model_id and e.input_sha256 = s.input_sha256
      where o.run_id = d.run_id and o.doc_id = d.doc_id and o.is_searched) as is_found
  ) as f
  where d.is_current and (r.status = 'embedded' or f.is_found)
    and not exists (
      select from graphdb.embeddings as e
      where e.model_id = p_model_id and e.input_sha256 = c.input_sha256
        and not exists (
          select from graphdb.stale_embeddings as s where s.model_id = e.model_id and s.input_sha256 = e.input_sha256))
$$;

comment on function graphdb._missing_inputs(integer) is
  'Return the texts that need a vector under a model, and the runs that contain them: the texts of embedded runs, and of documents that searches find by vector under the served model (is_found).';
revoke all on function graphdb._missing_inputs(integer) from public;
