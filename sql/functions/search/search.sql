-- Find the documents that answer a question, with full-text search, vector search, or both. The best document comes
-- first. Each document is represented by its best chunk. For each document, only the newest version that is ready is
-- searched. p_query_vector is the vector of the question with its prefix under p_model (null: the served model).
-- Without a vector, only full-text search is used. Without words, only vector search is used.
create or replace function graphdb.search(
  p_query text,
  p_query_vector @extschema:vector@.vector default null,
  p_model text default null,
  p_limit integer default 10,
  p_filter jsonb default null,
  p_per_document integer default 1,
  p_min_score float8 default null)
returns table (
  run_id text, doc_id text, ord integer, title text, heading_path text[], url text, text text,
  text_rank integer, vector_rank integer, score float8,
  similarity float8, matched_words text[], path text, updated_at timestamptz)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
-- With a limit, an index on words, labels or readers would return some of the matches at random.
set gin_fuzzy_search_limit = 0
-- The hits are JSON within the function. With fewer digits, their scores would be rounded.
set extra_float_digits = 1
set jit = off
-- Each question has its own statement, so planning must be fast. These joins take time to plan, and do not make it faster to
-- join a few hundred rows.
set enable_mergejoin = off
set enable_memoize = off
-- Without this setting, the functions that read a question would be planned again for each question.
set plan_cache_mode = force_generic_plan
-- A question that contains only stop words is not an error.
set client_min_messages = warning
as $$
declare
  v_model graphdb.embedding_models;
  v_search record;
  v_listed integer;
  v_hits jsonb;
begin
  if p_limit is null or p_limit not between 1 and 1000 then
    raise exception 'a search returns 1 to 1000 documents, not %', coalesce(p_limit::text, 'null')
      using errcode = 'TB001', hint = 'Pass for example 10.';
  end if;
  if p_per_document is null or p_per_document not between 1 and 1000 then
    raise exception 'a search returns 1 to 1000 chunks of each document, not %', coalesce(p_per_document::text, 'null')
      using errcode = 'TB001', hint = 'Pass for example 3.';
  end if;
  if p_min_score not between 0 and 1 then
    raise exception 'a score is a number from 0 to 1, not %', p_min_score
      using errcode = 'TB001', hint = 'Pass for example 0.2, or null for all results.';
  end if;
  -- With a vector, each listed chunk costs several index scans.
  v_listed := greatest(case when p_query_vector is null then 200 else 100 end, 5 * p_limit);
  if p_query_vector is not null then
    v_model := graphdb._model(p_model);
    perform graphdb._refuse_vector(graphdb._vector_fault(p_query_vector, v_model.dimension), v_model);
  end if;
  -- A filter or old versions may exclude most of the first hits. Then the index scan must continue. These settings are not
  -- part of the function, because only a superuser could restore a dump of them. They last until the transaction ends.
  perform set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.max_scan_tuples', '100000', true),
          set_config('hnsw.scan_mem_multiplier', '8', true), set_config('hnsw.ef_search', '200', true);
  v_search := graphdb._search_statement(p_query, p_filter, v_model);
  loop
    execute format('select jsonb_agg(h) from (%s) as h', v_search.p_statement)
    into v_hits
    using p_query_vector, v_listed, p_limit, p_per_document;
    -- The lists may contain many chunks of few documents.
    exit when v_hits is null or (v_hits -> -1 ->> 'document')::integer >= p_limit or (v_hits -> -1 ->> 'listed')::integer < v_listed
      or v_listed >= 20000;
    v_listed := 10 * v_listed;
  end loop;

  return query
    select h.run_id, h.doc_id, h.ord, d.title, c.heading_path,
           graphdb._chunk_url(d.url, d.meta, d.body, c.byte_start, c.byte_end, c.heading_path, c.text), c.text,
           h.text_rank, h.vector_rank, h.score, h.similarity,
           array(select w.word from unnest(v_search.p_words, v_search.p_terms) as w (word, term) where c.search_vector @@ w.term),
           d.path, graphdb._meta_time(d.meta ->> 'updated_at')
    from jsonb_to_recordset(v_hits) as h (
      run_id text, doc_id text, ord integer, text_rank integer, vector_rank integer, score float8, similarity float8, document integer)
    join graphdb.documents as d on d.run_id = h.run_id and d.doc_id = h.doc_id and d.is_searched
    join graphdb.chunks as c on c.run_id = h.run_id and c.doc_id = h.doc_id and c.revision = d.revision and c.ord = h.ord
    where h.score >= p_min_score or p_min_score is null
    order by h.document, h.score desc, h.ord;
end
$$;

comment on function graphdb.search(text, @extschema:vector@.vector, text, integer, jsonb, integer, float8) is
  'Find the documents that answer a question, with full-text search, vector search, or both. The best document comes first, with its best p_per_document chunks. '
  'For each document, only the newest version that is ready is searched. p_query: the question. Rare words have a higher weight. '
  'Every result contains "a phrase in quotes". No result contains a phrase in quotes after a minus, or a word after a minus at the end. '
  'p_query_vector: the vector of the question under p_model (null: the served model), or null. p_limit: the number of documents. '
  'p_filter: source, label, run_ids, run_id_glob, path, ancestor, language, updated, meta, without, as (the principals of the caller; default: the principals of its role). '
  'p_min_score: excludes rows with a lower score. Returns no row if nothing matches. TB001: bad filter, limit, score or vector, or no such model.';
revoke all on function graphdb.search(text, @extschema:vector@.vector, text, integer, jsonb, integer, float8) from public;
