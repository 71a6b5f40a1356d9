-- Delete the vectors of texts that are no longer in any run, for example because a document was edited. With p_dry_run,
-- only count them. If p_max_vectors is set, each call checks at most that many vectors. Repeat the call with the last
-- two columns until they are null.
create or replace function graphdb.prune_embeddings(
  p_dry_run boolean default false,
  p_max_vectors integer default null,
  p_after_model_id integer default 0,
  p_after_input_sha256 bytea default '')
returns table (deleted bigint, last_model_id integer, last_input_sha256 bytea)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_model_ids integer[];
  v_inputs bytea[];
begin
  if num_nulls(p_dry_run, p_after_model_id, p_after_input_sha256) > 0 then
    raise exception 'p_dry_run, p_after_model_id and p_after_input_sha256 cannot be null'
      using errcode = 'TB001', hint = 'Omit a parameter to use its default.';
  end if;
  if p_max_vectors < 1 then
    raise exception 'a step of % vectors is too small', p_max_vectors
      using errcode = 'TB001', hint = 'Pass at least 1, or null for all at once.';
  end if;
  if not p_dry_run then
    perform graphdb._check_isolation();
    perform pg_advisory_xact_lock(graphdb._vectors_lock());
  end if;

  with step as materialized (
    select e.model_id, e.input_sha256, row_number() over (order by e.model_id, e.input_sha256) as place
    from graphdb.embeddings as e
    where (e.model_id, e.input_sha256) > (p_after_model_id, p_after_input_sha256)
    order by e.model_id, e.input_sha256
    limit p_max_vectors
  ), useless as (
    select s.model_id, s.input_sha256 from step as s
    where not exists (select from graphdb.chunks as c where c.input_sha256 = s.input_sha256)
  )
  select l.model_id, l.input_sha256, u.model_ids, u.inputs into last_model_id, last_input_sha256, v_model_ids, v_inputs
  from (select array_agg(useless.model_id) as model_ids, array_agg(useless.input_sha256) as inputs from useless) as u
  left join step as l on l.place = p_max_vectors;

  deleted := coalesce(cardinality(v_inputs), 0);
  if not p_dry_run then
    delete from graphdb.embeddings as e
    using unnest(v_model_ids, v_inputs) as u (model_id, input_sha256)
    where e.model_id = u.model_id and e.input_sha256 = u.input_sha256;
  end if;
  return next;
end
$$;

comment on function graphdb.prune_embeddings(boolean, integer, integer, bytea) is
  'Delete the vectors of texts that are no longer in any run, for example because a document was edited. With p_dry_run, only count them. '
  'If p_max_vectors is set, each call checks at most that many vectors, including the vectors that it keeps. '
  'Repeat the call with p_after_model_id = last_model_id and p_after_input_sha256 = last_input_sha256 until these are null. TB001: bad argument.';
revoke all on function graphdb.prune_embeddings(boolean, integer, integer, bytea) from public;
