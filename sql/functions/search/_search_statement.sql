-- Return the SQL statement for a search, and the words and terms of the question. Its parameters are: $1 the vector of the
-- question, $2 the number of chunks in each list, $3 the number of documents to return, $4 the number of chunks for
-- each of them. Full-text search finds the chunks with the rarest words of the question and scores them with BM25.
-- Vector search finds the nearest chunks with the index. If few chunks are visible or meet the requirements, it
-- compares all of them. Every chunk in either list gets both scores. The document as a whole has more weight than the
-- chunk: the score of its average chunk, the words that it contains in any chunk, and the similarity of its mean vector
-- (docs/eval.md).
-- Pages that contain a name of the question verbatim come first. Hits with equal scores are ordered by id.
create or replace function graphdb._search_statement(
  p_query text,
  p_filter jsonb,
  p_model graphdb.embedding_models,
  out p_statement text,
  out p_words text[],
  out p_terms tsquery[])
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_scope constant record := graphdb._search_parts(p_filter);
  -- The number of chunks to rank by words. With a vector, fewer are sufficient.
  v_matches constant float8 := case when p_model.model_id is null then 1000 else 500 end;
  -- The part of the list that is used. With a vector, half of the list is sufficient.
  v_part constant integer := case when p_model.model_id is null then 1 else 2 end;
  v_languages constant text[] := graphdb._search_languages(graphdb._filter_principals(p_filter));
  v_asked constant record := graphdb._search_demand(p_query, p_filter, v_languages, v_scope.p_from);
  v_density constant record := graphdb._search_density(v_scope.p_shown, v_scope.p_from, v_scope.p_has_many, v_asked.p_demand);
  v_corrected constant record := graphdb._corrected_question(v_asked.p_question, v_languages, v_scope.p_from);
  v_terms constant record := graphdb._search_terms(v_corrected.p_corrected, v_languages, v_density.p_share, v_matches, v_scope.p_has_many);
  v_schema constant text := graphdb._vector_schema();
  v_nothing constant text := 'select null::text as run_id, null::text as doc_id, null::integer as revision, null::integer as ord, null::bytea as input_sha256';
  v_score text;
  v_coverage text := '0';
  v_totals text := 'null::float8[]';
  v_whole text := '0';
  v_names text;
  v_by_text text := v_nothing || ', null::integer as token_count, null::bigint as document, null::float8[] as tf, null::float8 as score, null::float8 as named where false';
  v_by_vector text := v_nothing || ', null::float8 as similarity where false';
  v_type text;
  v_distance text;
  v_similarity text := 'null::float8';
  v_mean text := 'null::float8';
  v_near constant text := 'greatest(coalesce((n.chunk_similarity + 4 * d.similarity) / 5, 0), 0)';
begin
  if v_terms.p_find is not null then
    -- BM25: rarity times tf / (tf + k). A word counts 0.3, or 1 in a heading, and k grows with the length
    -- (docs/eval.md). The score is 1 if every word of the question is in a heading of a chunk of average length.
    select format('least(1, 1.75 * (%s) / %s)', string_agg(format('%s * (r.tf[%s] / (r.tf[%2$s] + r.k))', w.weight, w.place), ' + '), sum(w.weight)),
           coalesce(string_agg(format('%s * (case when r.tf[%s] > 0 then 0.7 + 0.3 * (r.tf[%2$s] / (r.tf[%2$s] + 0.3)) else 0 end)', w.boost, w.place), ' + ')
             filter (where w.boost > 0), '0'),
           format('least(1, 1.75 * (%s) / %s)', string_agg(format('%s * (max(m.tf[%s]) / (max(m.tf[%2$s]) + 0.5))', w.weight, w.place), ' + '), sum(w.weight)),
           'array[' || string_agg(format('sum(m.tf[%s])', w.place), ', ' order by w.place) || ']',
           format('(%s) / %s', string_agg(format('%s * (t.tf[%s] / (t.tf[%2$s] + n.k))', w.weight, w.place), ' + '), sum(w.weight))
    into v_score, v_names, v_coverage, v_totals, v_whole
    from unnest(v_terms.p_terms, v_terms.p_weights, v_terms.p_boosts) with ordinality as w (term, weight, boost, place);
    v_by_text := format(
      'select r.run_id, r.doc_id, r.revision, r.ord, r.input_sha256, r.token_count, r.document, r.tf, %s as score, %s as named
       from (
         select c.run_id, c.doc_id, c.revision, c.ord, c.input_sha256, c.token_count, 0.2::float8 + 0.002::float8 * c.token_count as k,
                hashtextextended(c.doc_id, hashtextextended(c.run_id, 0)) as document, array[%s]::float8[] as tf
         from (select m.* from (%s) as m limit %s) as c
         -- Without the offset, the planner would repeat the ranks at each place that uses them.
         offset 0
       ) as r',
      v_score, v_names,
      -- Most chunks contain few of the words, and a match is faster than a rank.
      (select string_agg(
         format('case when c.search_vector @@ %1$L::tsquery then ts_rank_cd(''{0.3,1,1,1}'', c.search_vector, %1$L::tsquery) else 0 end', t.term), ', '
         order by t.place)
       from unnest(v_terms.p_terms) with ordinality as t (term, place)),
      graphdb._matching_chunks(v_scope.p_from, coalesce(v_terms.p_find && v_asked.p_demand, v_terms.p_find)),
      -- Only a question without rare words has more matches. Their ranks hardly differ, so the first matches in the table
      -- are sufficient. With more words, ranking a match takes longer.
      greatest(v_matches, 6 * v_matches / (1 + cardinality(v_terms.p_words))));
  end if;

  if p_model.model_id is not null then
    v_type := graphdb._vector_index_type(p_model);
    v_distance := format('e.embedding::%1$s operator(%2$s.<=>) $1::%1$s', v_type, v_schema);
    v_similarity := format(
      '(select 1 - (%s) from graphdb.embeddings as e where e.model_id = %s and e.input_sha256 = l.input_sha256)', v_distance, p_model.model_id);
    v_mean := format(
      'coalesce(
         (select 1 - (%1$s) from graphdb.document_vectors as e where e.model_id = %2$s and e.run_id = l.run_id and e.doc_id = l.doc_id and e.revision = l.revision),
         1 - (graphdb._mean_vector(%2$s, l.run_id, l.doc_id, l.revision)::%4$s operator(%3$s.<=>) $1::%4$s))',
      v_distance, p_model.model_id, v_schema, v_type);
    v_by_vector := graphdb._nearest_chunks(p_model, v_distance, v_scope.p_shown, v_scope.p_from, v_density.p_is_dense, v_asked.p_demand);
  end if;

  p_words := v_terms.p_words;
  p_terms := v_terms.p_terms;
  p_statement := format(
    'with matched as materialized (%s),
     by_text as materialized (
       select m.*, row_number() over (order by m.named desc, m.score desc, m.run_id, m.doc_id, m.ord) as place
       from (
         select m.*, row_number() over (partition by m.document, m.run_id, m.doc_id order by m.named desc, m.score desc, m.ord) as of_document
         from matched as m
       ) as m
       where m.of_document <= $4
       order by m.named desc, m.score desc, m.run_id, m.doc_id, m.ord
       limit $2 / %s
     ),
     by_vector as materialized (
       select v.*, row_number() over (order by v.similarity desc, v.run_id, v.doc_id, v.ord) as place from (%s) as v
     ),
     listed as materialized (
       select run_id, doc_id, revision, ord, coalesce(t.input_sha256, v.input_sha256) as input_sha256,
              v.similarity, v.place as vector_rank, t.place as text_rank
       from by_text as t
       full join by_vector as v using (run_id, doc_id, revision, ord)
     ),
     documents as materialized (
       select l.run_id, l.doc_id, %s as similarity,
              -- Add three scores: the average chunk, the words of the question in any chunk, and the BM25 score of the document as a whole.
              case when t.score > 0 then 0.42 * t.score / n.chunks + 0.17 * t.coverage + 0.33 * (%s) else 0 end as by_text
       from (select distinct l.run_id, l.doc_id, l.revision from listed as l) as l
       left join (
         select m.document, sum(m.score) as score, avg(m.token_count)::float8 as tokens, %s as coverage, %s as tf
         from matched as m group by m.document) as t
         on t.document = hashtextextended(l.doc_id, hashtextextended(l.run_id, 0))
       left join lateral (
         select c.ord + 1 as chunks, 0.25::float8 + 0.00025::float8 * t.tokens * (c.ord + 1) as k
         from graphdb.chunks as c
         where t.score > 0 and c.run_id = l.run_id and c.doc_id = l.doc_id and c.revision = l.revision order by c.ord desc limit 1) as n on true
     ),
     near as (
       select l.*, coalesce(l.similarity, %s) as chunk_similarity
       from listed as l
       offset 0
     ),
     scored as (
       select n.run_id, n.doc_id, n.ord, n.chunk_similarity as similarity, n.vector_rank, n.text_rank, (%s + coalesce(m.named, 0)) / %s as score
       from near as n
       join documents as d on d.run_id = n.run_id and d.doc_id = n.doc_id
       left join matched as m on m.run_id = n.run_id and m.doc_id = n.doc_id and m.ord = n.ord
     ),
     best as (
       select s.*, row_number() over (partition by s.run_id, s.doc_id order by s.score desc, s.ord) as of_document,
              max(s.score) over (partition by s.run_id, s.doc_id) as of_best
       from scored as s
     ),
     ranked as (
       select b.*, dense_rank() over (order by b.of_best desc, b.run_id, b.doc_id) as document
       from best as b
       where b.of_document <= $4
     )
     select r.run_id, r.doc_id, r.ord, r.text_rank::integer, r.vector_rank::integer, r.score, r.similarity, r.document,
            greatest(%s * (select count(*) from by_text), (select count(*) from by_vector)) as listed
     from ranked as r
     where r.document <= $3
     order by r.document, r.of_document',
    v_by_text, v_part, v_by_vector, v_mean, v_whole, v_coverage, v_totals, v_similarity,
    case when p_model.model_id is null then '0.08 * coalesce(m.score, 0) + d.by_text'
         when v_terms.p_find is null then v_near
         else '0.45 * (0.08 * coalesce(m.score, 0) + d.by_text) + 0.55 * ' || v_near end,
    (select 1 + coalesce(sum(b.boost), 0) from unnest(v_terms.p_boosts) as b (boost)), v_part);
end
$$;

comment on function graphdb._search_statement(text, jsonb, graphdb.embedding_models) is
  'Return the SQL statement for a search, and the words and terms of the question. '
  'The parameters are: $1 the vector of the question, $2 the number of chunks in each list, $3 the number of documents to return, $4 the number of chunks for each of them.';
revoke all on function graphdb._search_statement(text, jsonb, graphdb.embedding_models) from public;
