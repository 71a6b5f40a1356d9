-- Move the vectors of these texts to the correct index (embeddings.is_restricted). With p_may_restrict, vectors of texts that
-- only restricted chunks contain now become restricted. The caller must hold _marks_lock, and for p_may_restrict in
-- exclusive mode. Otherwise, a run with an unrestricted chunk of such a text could be completed at the same time, and
-- searches would miss its vector.
create or replace function graphdb._settle_vectors(p_input_sha256 bytea[], p_may_restrict boolean)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  with wrong as materialized (
    select e.model_id, e.input_sha256
    from (select distinct u.input_sha256 from unnest(p_input_sha256) as u (input_sha256)) as i
    cross join graphdb.embedding_models as m
    join graphdb.embeddings as e on e.model_id = m.model_id and e.input_sha256 = i.input_sha256
    where case
      when e.is_restricted then exists (select from graphdb.chunks as c where c.input_sha256 = e.input_sha256 and not c.is_restricted)
      else p_may_restrict
        and exists (select from graphdb.chunks as c where c.input_sha256 = e.input_sha256 and c.is_restricted)
        and not exists (select from graphdb.chunks as c where c.input_sha256 = e.input_sha256 and not c.is_restricted)
      end
    order by e.model_id, e.input_sha256
    for no key update of e
  )
  update graphdb.embeddings as e
  set is_restricted = not e.is_restricted
  from wrong as w
  where e.model_id = w.model_id and e.input_sha256 = w.input_sha256;
end
$$;

comment on function graphdb._settle_vectors(bytea[], boolean) is
  'Move the vectors of these texts to the correct index. With p_may_restrict, vectors of texts that only restricted chunks contain now become restricted.';
revoke all on function graphdb._settle_vectors(bytea[], boolean) from public;
