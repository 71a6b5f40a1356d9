-- Delete the vectors of these runs' texts, except those of texts that another run has and wants; p_dry_run only counts them.
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
  with own as materialized (
    select distinct c.input_sha256 from graphdb.chunks as c where c.run_id = any (p_run_ids)
  )
  select array_agg(own.input_sha256) into v_inputs
  from own
  where not exists (
    select from graphdb.chunks as c
    join graphdb.processed_runs as r on r.run_id = c.run_id
    where c.input_sha256 = own.input_sha256 and r.wants_vectors and c.run_id <> all (p_run_ids));

  if p_dry_run then
    return (select count(*) from graphdb.embeddings as e where e.input_sha256 = any (v_inputs));
  end if;
  delete from graphdb.embeddings as e
  where e.model_id in (select m.model_id from graphdb.embedding_models as m) and e.input_sha256 = any (v_inputs);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function graphdb._discard_vectors(text[], boolean) is
  'Delete the vectors of these runs'' texts, except those of texts that another run has and wants; p_dry_run only counts them.';
revoke all on function graphdb._discard_vectors(text[], boolean) from public;
