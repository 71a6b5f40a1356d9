-- Make the chunks for a model the current chunks of its runs, before the model is served. p_prepared: runs that are
-- still marked as embedded with another model. They get back the revisions that were kept for the model. The revisions
-- that belong to other models are kept in turn. p_served_id: the model that was served until now.
-- The caller must hold the rows of the runs and _newest_lock, and must settle the versions afterwards.
create or replace function graphdb._exchange_revisions(p_model graphdb.embedding_models, p_prepared text[], p_served_id integer)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- These runs were re-embedded with the model, so they already have new revisions for it.
  delete from graphdb.documents as k
  using graphdb.processed_runs as r
  where k.kept_for = p_model.model_id and r.run_id = k.run_id and r.embedding_model = p_model.model;

  -- Searches have used these revisions until now, because the current ones belong to the model.
  with replaced as materialized (
    select d.run_id, d.doc_id, d.revision
    from graphdb.documents as d
    join graphdb.documents as c on c.run_id = d.run_id and c.doc_id = d.doc_id and c.is_current and c.title = d.title and c.body = d.body
    join graphdb.processed_runs as r on r.run_id = d.run_id and r.status = 'embedded' and r.embedding_model = p_model.model
    where not d.is_current and d.is_searched and p_served_id <> p_model.model_id
      and not exists (
        select from graphdb.chunks as t
        where t.run_id = d.run_id and t.doc_id = d.doc_id and t.revision = d.revision
          and not exists (select from graphdb.embeddings as e where e.model_id = p_served_id and e.input_sha256 = t.input_sha256))
  ), outdated as (
    delete from graphdb.documents as k
    using replaced as d
    where k.kept_for = p_served_id and k.run_id = d.run_id and k.doc_id = d.doc_id
    returning k.run_id
  )
  update graphdb.documents as d
  set kept_for = p_served_id, is_searched = false
  from replaced as o
  -- The count makes sure that the outdated revisions are deleted first.
  where d.run_id = o.run_id and d.doc_id = o.doc_id and d.revision = o.revision and (select count(*) from outdated) >= 0;

  -- A run that was embedded with another model keeps the revisions of that model, and gets back its own.
  delete from graphdb.documents as o
  using graphdb.documents as k, graphdb.processed_runs as r, graphdb.embedding_models as m
  where k.kept_for = p_model.model_id and k.run_id = any (p_prepared) and r.run_id = k.run_id and m.model = r.embedding_model
    and o.kept_for = m.model_id and o.run_id = k.run_id and o.doc_id = k.doc_id;
  update graphdb.documents as c
  set kept_for = m.model_id, is_current = false, is_newest = false, is_searched = false
  from graphdb.documents as k, graphdb.processed_runs as r, graphdb.embedding_models as m
  where k.kept_for = p_model.model_id and k.run_id = any (p_prepared) and r.run_id = k.run_id and m.model = r.embedding_model
    and c.run_id = k.run_id and c.doc_id = k.doc_id and c.is_current;
  with restored as (
    update graphdb.documents as k
    set kept_for = null, is_current = true, url = c.url, path = c.path, labels = c.labels, breadcrumbs = c.breadcrumbs,
        meta = c.meta, content_sha256 = c.content_sha256, language = c.language
    from graphdb.documents as c, graphdb.processed_runs as r, graphdb.embedding_models as m
    where k.kept_for = p_model.model_id and k.run_id = any (p_prepared) and r.run_id = k.run_id and m.model = r.embedding_model
      and c.run_id = k.run_id and c.doc_id = k.doc_id and c.kept_for = m.model_id
    returning k.run_id, k.doc_id, k.revision, k.language
  )
  update graphdb.chunks as c
  set language = graphdb._search_configuration(d.language)
  from restored as d
  where c.run_id = d.run_id and c.doc_id = d.doc_id and c.revision = d.revision and c.language <> graphdb._search_configuration(d.language);

  update graphdb.processed_runs as r
  set embedding_model = p_model.model,
      chunking = coalesce(r.chunkings ->> p_model.model, r.chunking),
      chunkings = (r.chunkings - p_model.model) || case when r.chunking is null then '{}' else jsonb_build_object(r.embedding_model, r.chunking) end,
      total_chunks = n.chunks, embedded_chunks = n.chunks, updated_at = graphdb.clock()
  from (
    select u.run_id, (select count(*) from graphdb._current_chunks(u.run_id)) as chunks
    from unnest(p_prepared) as u (run_id)
  ) as n
  where r.run_id = n.run_id;
end
$$;

comment on function graphdb._exchange_revisions(graphdb.embedding_models, text[], integer) is
  'Make the chunks for a model the current chunks of its runs, before the model is served. '
  'The revisions that belong to other models are kept for a switch back.';
revoke all on function graphdb._exchange_revisions(graphdb.embedding_models, text[], integer) from public;
