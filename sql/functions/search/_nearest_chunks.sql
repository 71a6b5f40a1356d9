-- Return the statement that finds the chunks nearest to a question. Its parameters are: $1 the vector of the question, $2 the
-- number of chunks. It uses the vector index for a dense part of the search (graphdb._search_parts, graphdb._search_density),
-- and compares the chunks of other parts one by one. The index on unrestricted vectors contains nothing of documents that only some
-- callers may read.
create or replace function graphdb._nearest_chunks(
  p_model graphdb.embedding_models,
  p_distance text,
  p_shown text[],
  p_from text[],
  p_is_dense boolean[],
  p_demand tsquery)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_demand constant text := coalesce(' and c.search_vector @@ ' || quote_literal(p_demand) || '::tsquery', '');
  -- A restricted chunk may share its text, and therefore its vector, with an unrestricted chunk. So only both indexes
  -- together contain the vectors of all restricted chunks.
  v_has_both constant boolean := p_is_dense[1] and p_is_dense[2] and exists (
    select from pg_index as i where i.indexrelid = to_regclass(graphdb._vector_index(p_model.model_id, true)) and i.indisvalid);
  v_statements text[];
begin
  for v_part in 1 .. cardinality(p_shown) loop
    if v_has_both or v_part = 1 and p_is_dense[1] then
      v_statements := v_statements || format(
        'select c.run_id, c.doc_id, c.revision, c.ord, c.input_sha256, 1 - (%1$s) as similarity
         from graphdb.embeddings as e
         join graphdb.chunks as c on c.input_sha256 = e.input_sha256%5$s
         join graphdb.documents as d on d.run_id = c.run_id and d.doc_id = c.doc_id and d.revision = c.revision
         where e.model_id = %2$s and %6$s%3$s and %4$s
         order by %1$s
         limit $2', p_distance, p_model.model_id, v_demand,
        case when v_has_both then format('(%s or %s)', p_shown[1], p_shown[2]) else p_shown[1] end,
        case when v_has_both then '' else ' and not c.is_restricted' end,
        case when v_part = 1 then 'not e.is_restricted' else 'e.is_restricted' end);
    else
      -- The offset prevents the planner from reading the chunks in the order of the index.
      v_statements := v_statements || format(
        'select e.run_id, e.doc_id, e.revision, e.ord, e.input_sha256, 1 - e.distance as similarity
         from (
           select c.run_id, c.doc_id, c.revision, c.ord, c.input_sha256, %1$s as distance
           from (%3$s) as c
           join graphdb.embeddings as e on e.input_sha256 = c.input_sha256
           where e.model_id = %2$s
           offset 0
         ) as e
         order by e.distance, e.run_id, e.doc_id, e.ord
         limit $2', p_distance, p_model.model_id,
        -- The similarity of a hit depends most on the mean vector of its document. Therefore it is sufficient to compare the
        -- chunks of the documents with the nearest mean vectors, and of those whose mean vector is not stored yet.
        coalesce(
          graphdb._matching_chunks(p_from[v_part:v_part], p_demand),
          format(
            'select c.run_id, c.doc_id, c.revision, c.ord, c.input_sha256
             from (
               select o.*, row_number() over (order by o.distance) as place
               from (
                 select d.run_id, d.doc_id, d.revision, v.embedding operator(%2$s.<=>) $1 as distance
                 from graphdb.documents as d
                 left join graphdb.document_vectors as v
                   on v.model_id = %1$s and v.run_id = d.run_id and v.doc_id = d.doc_id and v.revision = d.revision
                 where %3$s
               ) as o
             ) as n
             join graphdb.chunks as c on c.run_id = n.run_id and c.doc_id = n.doc_id and c.revision = n.revision
             where n.place <= $2 or n.distance is null', p_model.model_id, graphdb._vector_schema(), p_shown[v_part])));
    end if;
  end loop;
  if cardinality(v_statements) = 1 then
    return v_statements[1];
  end if;
  return format(
    'select p.* from ((%s) union all (%s)) as p order by p.similarity desc, p.run_id, p.doc_id, p.ord limit $2', v_statements[1], v_statements[2]);
end
$$;

comment on function graphdb._nearest_chunks(graphdb.embedding_models, text, text[], text[], boolean[], tsquery) is
  'Return the statement that finds the chunks nearest to a question, with the vector indexes for dense parts of the search, and one by one for other parts. '
  'The parameters are: $1 the vector of the question, $2 the number of chunks.';
revoke all on function graphdb._nearest_chunks(graphdb.embedding_models, text, text[], text[], boolean[], tsquery) from public;
