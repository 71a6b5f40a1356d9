-- Delete the vectors of these runs' texts, except vectors that another run needs. With p_dry_run, they are only
-- counted. Vectors that an earlier reset marked as stale are also deleted, but not counted.
create or replace function graphdb._discard_vectors(p_run_ids text[], p_dry_run boolean)
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_inputs bytea[];
  v_count bigint;
begin
  select array_agg(u.input_sha256) into v_inputs from graphdb._unshared_inputs(p_run_ids) as u (input_sha256);
  select count(*) into v_count
  from graphdb.embedding_models as m
  join graphdb.embeddings as e on e.model_id = m.model_id and e.input_sha256 = any (v_inputs)
  where not exists (
    select from graphdb.stale_embeddings as s where s.model_id = e.model_id and s.input_sha256 = e.input_sha256);
  if p_dry_run then
    return v_count;
  end if;
  delete from graphdb.embeddings as e
  where e.model_id in (select m.model_id from graphdb.embedding_models as m) and e.input_sha256 = any (v_inputs);
  return v_count;
end
$$;

comment on function graphdb._discard_vectors(text[], boolean) is
  'Delete the vectors of all texts in these runs, except vectors that another run needs. With p_dry_run, they are only counted.';
revoke all on function graphdb._discard_vectors(text[], boolean) from public;
