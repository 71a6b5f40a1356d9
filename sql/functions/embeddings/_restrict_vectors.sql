-- Move vectors to the index on restricted vectors if only restricted chunks contain their texts now, because the last
-- unrestricted chunk was deleted. Does nothing while another transaction holds _marks_lock: the next call repeats it.
create or replace function graphdb._restrict_vectors()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_inputs bytea[];
begin
  select array_agg(distinct c.input_sha256) into v_inputs
  from graphdb.chunks as c
  cross join graphdb.embedding_models as m
  where c.is_restricted
    and not exists (
      select from graphdb.embeddings as e where e.model_id = m.model_id and e.input_sha256 = c.input_sha256 and e.is_restricted)
    and exists (select from graphdb.embeddings as e where e.model_id = m.model_id and e.input_sha256 = c.input_sha256)
    and not exists (select from graphdb.chunks as o where o.input_sha256 = c.input_sha256 and not o.is_restricted);
  -- Do not wait, because this transaction may hold rows of documents.
  if v_inputs is not null and pg_try_advisory_xact_lock(graphdb._marks_lock()) then
    perform graphdb._settle_vectors(v_inputs, true);
  end if;
end
$$;

comment on function graphdb._restrict_vectors() is
  'Move vectors to the index on restricted vectors if only restricted chunks contain their texts now.';
revoke all on function graphdb._restrict_vectors() from public;
