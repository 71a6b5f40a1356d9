-- Return the vector indexes that are missing although a model has enough vectors, with the statements that create them.
-- One index contains the vectors of unrestricted chunks. If a model has many vectors that only restricted chunks use,
-- another index contains those. The statements build the index concurrently, so that searches and workers can continue.
-- Therefore they cannot run in a function. p_halfvec selects indexes with 16-bit floats. may_build is true if the caller
-- owns the table. An index of an earlier version contains all vectors, and is used until its replacement is built.
create or replace function graphdb.missing_vector_indexes(p_halfvec boolean default false)
returns table (model text, index_name text, vectors bigint, statements text[], memory_kb integer, may_build boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  -- If there are fewer vectors, a search can compare them exactly in a few milliseconds.
  v_least constant bigint := 5000;
  v_model graphdb.embedding_models;
  v_index text;
  v_old text;
  v_type text;
  v_is_restricted boolean;
  v_is_built boolean;
  v_all bigint;
begin
  for v_model in
    select m.* from graphdb.embedding_models as m where m.dimension <= 4000 order by m.model_id
  loop
    foreach v_is_restricted in array '{false,true}'::boolean[] loop
      v_index := graphdb._vector_index(v_model.model_id, v_is_restricted);
      v_old := format('graphdb.ix_embeddings_hnsw_%s', v_model.model_id);
      v_is_built := exists (select from pg_index as i where i.indexrelid = to_regclass(v_index) and i.indisvalid);
      continue when v_is_built and (v_is_restricted or to_regclass(v_old) is null);
      if v_is_restricted then
        select count(*), count(*) into vectors, v_all from graphdb.embeddings as e where e.model_id = v_model.model_id and e.is_restricted;
      else
        -- Without the index, a search for unrestricted vectors would read the restricted ones too.
        select count(*) filter (where not e.is_restricted), count(*) into vectors, v_all
        from graphdb.embeddings as e where e.model_id = v_model.model_id;
      end if;
      continue when v_all < v_least and (v_is_restricted or to_regclass(v_old) is null);

      -- An index keeps the type of the index that it replaces, and the indexes of a model have the same type.
      v_type := case
        when v_model.dimension > 2000 then 'halfvec'
        when coalesce(to_regclass(graphdb._vector_index(v_model.model_id, false)), to_regclass(v_old)) is not null
          then substring(graphdb._vector_index_type(v_model) from '(halfvec|vector)[(]')
        when p_halfvec then 'halfvec'
        else 'vector'
      end;
      model := v_model.model;
      index_name := split_part(v_index, '.', 2);
      statements := '{}';
      if not v_is_built then
        -- The invalid index of an interrupted build must be dropped first.
        statements := array[
          format('drop index concurrently if exists %s', v_index),
          format(
            'create index concurrently %1$s on graphdb.embeddings using hnsw ((embedding::%2$s.%3$s(%4$s)) %2$s.%3$s_cosine_ops) where model_id = %5$s and %6$s',
            index_name, graphdb._vector_schema(), v_type, v_model.dimension, v_model.model_id,
            case when v_is_restricted then 'is_restricted' else 'not is_restricted' end)];
      end if;
      if not v_is_restricted and to_regclass(v_old) is not null then
        statements := statements || format('drop index concurrently if exists %s', v_old);
      end if;
      -- The graph is built in memory, and needs the vectors and about 300 bytes of neighbors for each of them.
      memory_kb := least(greatest(vectors * (4 * v_model.dimension + 300) / 1000, 65536), 2000000);
      may_build := (select pg_has_role(graphdb._caller(), c.relowner, 'usage') from pg_class as c where c.oid = 'graphdb.embeddings'::regclass);
      return next;
    end loop;
  end loop;
end
$$;

comment on function graphdb.missing_vector_indexes(boolean) is
  'Return the vector indexes that are missing although a model has at least 5,000 vectors, with the statements that create them, the maintenance_work_mem for the build, and whether the caller may build them. '
  'One index contains the vectors of unrestricted chunks. Another one contains vectors that only restricted chunks use, if there are at least 5,000. '
  'The statements build the index concurrently, so run them one by one, outside of a transaction. p_halfvec selects indexes with 16-bit floats.';
revoke all on function graphdb.missing_vector_indexes(boolean) from public;
