-- The statement that a search runs: its parameters are the question's vector, how many of each list to fuse, and how many
-- results to return. The lists are read from their indexes, the best first; where a filter or a demand lets few chunks
-- pass, the vectors of those are compared one by one. In each list the best is worth 1, and what is not in it nothing, nor
-- is the hundredth vector, or the last, from which worth is measured, so that it does not depend on how many are asked for.
-- The score is the mean over the lists (relative score fusion, docs/eval.md). Equals are ordered by id.
create or replace function graphdb._search_statement(p_query text, p_model graphdb.embedding_models, p_filter jsonb)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunks constant float8 := (select greatest(c.reltuples, 1) from pg_class as c where c.oid = 'graphdb.chunks'::regclass);
  -- As many are compared one by one in the time in which the index, walking past those that do not pass, finds 100.
  v_few constant float8 := sqrt(500 * v_chunks);
  v_condition constant text := graphdb._search_condition(p_filter);
  v_wanted constant tsquery := graphdb._search_demand(p_query);
  v_reach constant float8 := case when v_condition = 'true' and v_wanted is null then 'infinity'
                                  else graphdb._search_reach(v_condition, v_wanted, v_few + 1) end;
  v_terms record := graphdb._search_terms(p_query, case when v_reach > v_few then 1 else v_reach / v_chunks end);
  v_shown constant text := 'd.is_searched and ' || v_condition;
  v_demand constant text := coalesce(' and c.search_vector @@ ' || quote_literal(v_wanted) || '::tsquery', '');
  v_score text;
  v_distance text;
  v_by_text text := 'select null::text as run_id, null::text as doc_id, null::integer as ord, null::bigint as place, null::float8 as worth where false';
  v_by_vector text := v_by_text;
begin
  if v_terms.p_find is not null then
    -- As BM25 weighs them, without the length, which chunks have in common: rarity times tf / (tf + 1), where a word counts
    -- 0.3, and 1 in a heading (docs/eval.md).
    select string_agg(format('%s * ts_rank_cd(''{0.3,1,1,1}'', c.search_vector, %L::tsquery, 32)', w.weight, w.term), ' + ')
    into v_score
    from unnest(v_terms.p_words, v_terms.p_weights) as w (term, weight);
    v_by_text := format(
      'select m.run_id, m.doc_id, m.ord,
              row_number() over (order by m.score desc, m.run_id, m.doc_id, m.ord) as place,
              m.score / max(m.score) over () as worth
       from (
         select c.run_id, c.doc_id, c.ord, %s as score
         from (
           select c.run_id, c.doc_id, c.ord, c.search_vector
           from graphdb.chunks as c
           join graphdb.documents as d on d.run_id = c.run_id and d.doc_id = c.doc_id
           where c.search_vector @@ %L::tsquery%s and %s
           limit %s
         ) as c
         order by score desc, c.run_id, c.doc_id, c.ord
         limit $2
       ) as m', v_score, v_terms.p_find, v_demand, v_shown,
      -- Only a question of common words alone has more matches, and ranking tells them apart so little that the first of
      -- the table do. The more words, the dearer is a match.
      greatest(1500, 8000 / (1 + cardinality(v_terms.p_words))));
  end if;

  if p_model.model_id is not null then
    v_distance := format('e.embedding::%1$s operator(%2$s.<=>) $1::%1$s', graphdb._vector_index_type(p_model), graphdb._vector_schema());
    if v_reach > v_few then
      v_by_vector := format(
        'select c.run_id, c.doc_id, c.ord, %1$s as distance
         from graphdb.embeddings as e
         join graphdb.chunks as c on c.input_sha256 = e.input_sha256
         join graphdb.documents as d on d.run_id = c.run_id and d.doc_id = c.doc_id
         where e.model_id = %2$s%3$s and %4$s
         order by %1$s
         limit $2', v_distance, p_model.model_id, v_demand, v_shown);
    else
      -- The offset keeps the planner from reading them in the order of the index.
      v_by_vector := format(
        'select e.run_id, e.doc_id, e.ord, %1$s as distance
         from (
           select c.run_id, c.doc_id, c.ord, e.embedding
           from graphdb.documents as d
           join graphdb.chunks as c on c.run_id = d.run_id and c.doc_id = d.doc_id
           join graphdb.embeddings as e on e.input_sha256 = c.input_sha256
           where e.model_id = %2$s%3$s and %4$s
           offset 0
         ) as e
         order by distance, e.run_id, e.doc_id, e.ord
         limit $2', v_distance, p_model.model_id, v_demand, v_shown);
    end if;
    v_by_vector := format(
      'select m.run_id, m.doc_id, m.ord, m.place, coalesce((m.far - m.distance) / nullif(m.far - m.near, 0), 1) as worth
       from (
         select m.*,
                row_number() over nearest as place,
                min(m.distance) over () as near,
                coalesce(nth_value(m.distance, 100) over (nearest rows between unbounded preceding and unbounded following),
                         max(m.distance) over ()) as far
         from (%s) as m
         window nearest as (order by m.distance, m.run_id, m.doc_id, m.ord)
       ) as m', v_by_vector);
  end if;

  return format(
    'with by_text as materialized (%s),
     by_vector as materialized (%s),
     fused as (
       select run_id, doc_id, ord, t.place as text_rank, v.place as vector_rank,
              (coalesce(t.worth, 0) + coalesce(v.worth, 0)) / %s as score
       from by_text as t
       full join by_vector as v using (run_id, doc_id, ord)
       order by score desc, run_id, doc_id, ord
       limit $3
     )
     select f.run_id, f.doc_id, f.ord, d.title, c.heading_path, d.url, c.text, f.text_rank::integer, f.vector_rank::integer, f.score
     from fused as f
     join graphdb.chunks as c using (run_id, doc_id, ord)
     join graphdb.documents as d using (run_id, doc_id)
     order by f.score desc, f.run_id, f.doc_id, f.ord', v_by_text, v_by_vector, greatest(1, num_nonnulls(v_terms.p_find, p_model.model_id)));
end
$$;

comment on function graphdb._search_statement(text, graphdb.embedding_models, jsonb) is
  'The statement that graphdb.search runs: $1 the question''s vector, $2 how many of each list to fuse, $3 how many results to return.';
revoke all on function graphdb._search_statement(text, graphdb.embedding_models, jsonb) from public;
