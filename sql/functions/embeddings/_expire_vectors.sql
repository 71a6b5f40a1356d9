-- Mark the vectors of these runs' texts as stale, except vectors that another run needs.
-- Searches use them until the embed phase replaces them. With p_dry_run, they are only counted.
create or replace function graphdb._expire_vectors(p_run_ids text[], p_dry_run boolean)
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
begin
  if p_dry_run then
    return (
      select count(*)
      from graphdb._unshared_inputs(p_run_ids) as u (input_sha256)
      cross join graphdb.embedding_models as m
      join graphdb.embeddings as e on e.model_id = m.model_id and e.input_sha256 = u.input_sha256
      where not exists (
        select from graphdb.stale_embeddings as s where s.model_id = e.model_id and s.input_sha256 = e.input_sha256));
  end if;
  insert into graphdb.stale_embeddings (model_id, input_sha256)
  select e.model_id, e.input_sha256
  from graphdb._unshared_inputs(p_run_ids) as u (input_sha256)
  cross join graphdb.embedding_models as m
  join graphdb.embeddings as e on e.model_id = m.model_id and e.input_sha256 = u.input_sha256
  on conflict do nothing;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function graphdb._expire_vectors(text[], boolean) is
  'Mark the vectors of all texts in these runs as stale, except vectors that another run needs. '
  'Searches use them until the embed phase replaces them. With p_dry_run, they are only counted.';
revoke all on function graphdb._expire_vectors(text[], boolean) from public;
