-- Find the chunks that answer a question, the best first: by its words, by its vector, or by both, fused by relative
-- score. One version of each document is searched: the newest that is ready. The vector is the question's under p_model
-- (null: the only registered one), query prefix included; without one the words alone decide, and without words the vector.
create or replace function graphdb.search(
  p_query text,
  p_query_vector vector default null,
  p_model text default null,
  p_limit integer default 10,
  p_filter jsonb default null)
returns table (
  run_id text, doc_id text, ord integer, title text, heading_path text[], url text, text text,
  text_rank integer, vector_rank integer, score float8)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set jit = off
-- Stop words alone are no fault.
set client_min_messages = warning
as $$
declare
  v_model graphdb.embedding_models;
begin
  if p_limit is null or p_limit not between 1 and 1000 then
    raise exception 'a search returns 1 to 1000 results, not %', coalesce(p_limit::text, 'null')
      using errcode = 'TB001', hint = 'Pass for example 10.';
  end if;
  if p_query_vector is not null then
    v_model := graphdb._model(p_model);
    perform graphdb._refuse_vector(graphdb._vector_fault(p_query_vector, v_model.dimension), v_model);
  end if;
  -- A filter, or old versions, may leave little of the first hits: go on until there are enough. Not settings of the function:
  -- a dump of those is restored by nobody but a superuser. They last until the transaction ends.
  perform set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.max_scan_tuples', '100000', true),
          set_config('hnsw.scan_mem_multiplier', '8', true), set_config('hnsw.ef_search', '200', true);
  return query execute graphdb._search_statement(p_query, v_model, p_filter)
    using p_query_vector, greatest(100, 2 * p_limit), p_limit;
end
$$;

comment on function graphdb.search(text, vector, text, integer, jsonb) is
  'Find the chunks that answer a question, the best first: by its words, by its vector, or by both, fused by relative score (1: the best in each list; 0: in none, or as far as the hundredth vector); of each document only the newest version that is ready. '
  'p_query: words, the rarer the weightier; "a text in quotes" must stand in every result, and a word after a minus in none. p_query_vector: its vector under p_model '
  '(null: the only registered model), or null. p_filter: source, label, run_ids, run_id_glob. No row: nothing matches. TB001: bad filter, limit or vector, or no such model.';
revoke all on function graphdb.search(text, vector, text, integer, jsonb) from public;
