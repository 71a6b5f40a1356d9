-- Move the vectors of these runs' unrestricted chunks to the index on unrestricted vectors. Another session may have stored
-- a vector as restricted before it saw such a chunk. The caller must hold _marks_lock.
create or replace function graphdb._open_vectors(p_run_ids text[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Without statistics, only the order makes the planner use the index on restricted vectors.
  if (select true from graphdb.embeddings as e where e.is_restricted order by e.input_sha256 limit 1) then
    perform graphdb._settle_vectors(
      array(select distinct c.input_sha256 from graphdb.chunks as c where c.run_id = any (p_run_ids) and not c.is_restricted), false);
  end if;
end
$$;

comment on function graphdb._open_vectors(text[]) is
  'Move the vectors of unrestricted chunks in these runs to the index on unrestricted vectors.';
revoke all on function graphdb._open_vectors(text[]) from public;
