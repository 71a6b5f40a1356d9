-- Return the texts of a run that have no vector under a model, without duplicates and ordered by hash:
-- at most p_limit texts after p_after.
create or replace function graphdb.pending_inputs(
  p_run_id text,
  p_model text,
  p_after bytea default '',
  p_limit integer default 1000)
returns table (input_sha256 bytea, text text, token_count integer)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  -- The hashes come from indexes alone. Only the texts that are returned are read from the table.
  select p.input_sha256, t.text, t.token_count
  from (
    select distinct c.input_sha256
    from graphdb._current_chunks(p_run_id) as c
    where c.input_sha256 > p_after
      and (
        not exists (
          select from graphdb.embeddings as e
          where e.model_id = (select (graphdb._model(p_model)).model_id) and e.input_sha256 = c.input_sha256
          offset 0) -- checked for each chunk until there are enough, because a join would read all vectors
        or c.input_sha256 in (
          select s.input_sha256 from graphdb.stale_embeddings as s where s.model_id = (select (graphdb._model(p_model)).model_id)))
    order by c.input_sha256
    limit graphdb._check_limit(p_limit)
  ) as p
  cross join lateral (
    select c.text, c.token_count from graphdb.chunks as c
    where c.input_sha256 = p.input_sha256 and c.run_id = p_run_id
    order by c.doc_id, c.revision, c.ord
    limit 1
  ) as t
  order by p.input_sha256
$$;

comment on function graphdb.pending_inputs(text, text, bytea, integer) is
  'Return the texts of a run that have no vector under a model, without duplicates and ordered by hash: at most p_limit texts after p_after. '
  'Returns no row if all texts are embedded. TB001: bad limit, or no such model.';
revoke all on function graphdb.pending_inputs(text, text, bytea, integer) from public;
