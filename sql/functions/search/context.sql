-- Return a chunk with its context as Markdown. p_scope is section (the section of the chunk with its subsections),
-- document, or the number of neighboring chunks on each side. The text comes from the document, so overlapping chunks
-- are merged. Chunks are added on both sides until the total reaches p_max_tokens. The chunk itself is always included.
-- p_filter: see graphdb.search.
create or replace function graphdb.context(
  p_run_id text,
  p_doc_id text,
  p_ord integer,
  p_scope text default 'section',
  p_max_tokens integer default 2000,
  p_filter jsonb default null)
returns table (title text, heading_path text[], url text, text text, first_ord integer, last_ord integer, token_count integer, is_whole boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
-- With a limit, an index on words, labels or readers would return some of the matches at random.
set gin_fuzzy_search_limit = 0
as $$
declare
  v_document record;
  v_path text[];
  v_chunks record;
  v_first integer := p_ord;
  v_last integer := p_ord;
  v_tokens integer;
  v_low integer;
  v_high integer;
  v_grows boolean := true;
begin
  if p_scope is null or p_scope !~ '^(section|document|[0-9]{1,4})$' then
    raise exception 'a context must be section, document or a number of neighboring chunks, not %', coalesce(quote_literal(p_scope), 'null')
      using errcode = 'TB001', hint = 'Example: section.';
  end if;
  if p_max_tokens is null or p_max_tokens < 1 then
    raise exception 'a context must have at least 1 token, not %', coalesce(p_max_tokens::text, 'null')
      using errcode = 'TB001', hint = 'Example: 2000.';
  end if;
  execute 'select d.title, d.url, d.meta, d.body, d.revision from graphdb.documents as d where d.run_id = $1 and d.doc_id = $2 and ' || graphdb._shown_documents(p_filter)
  into v_document
  using p_run_id, p_doc_id;
  select graphdb._section_path(c.heading_path, c.text), c.token_count into v_path, v_tokens
  from graphdb.chunks as c where c.run_id = p_run_id and c.doc_id = p_doc_id and c.revision = v_document.revision and c.ord = p_ord;
  if v_document.body is null or v_path is null then
    return;
  end if;

  select min(c.ord) as low, max(c.ord) as high, array_agg(c.token_count order by c.ord) as tokens
  into v_chunks
  from graphdb.chunks as c
  where c.run_id = p_run_id and c.doc_id = p_doc_id and c.revision = v_document.revision
    and case p_scope
      when 'document' then true
      when 'section' then (graphdb._section_path(c.heading_path, c.text))[:cardinality(v_path)] = v_path
      else c.ord between p_ord - p_scope::integer and p_ord + p_scope::integer
    end;
  v_low := v_chunks.low;
  v_high := v_chunks.high;
  if p_scope = 'section' then
    -- Another section may have the same headings, so only adjacent chunks are included.
    select coalesce(max(c.ord) filter (where c.ord < p_ord) + 1, v_low), coalesce(min(c.ord) filter (where c.ord > p_ord) - 1, v_high)
    into v_low, v_high
    from graphdb.chunks as c
    where c.run_id = p_run_id and c.doc_id = p_doc_id and c.revision = v_document.revision and c.ord between v_chunks.low and v_chunks.high
      and (graphdb._section_path(c.heading_path, c.text))[:cardinality(v_path)] <> v_path;
    select array_agg(c.token_count order by c.ord) as tokens into v_chunks
    from graphdb.chunks as c
    where c.run_id = p_run_id and c.doc_id = p_doc_id and c.revision = v_document.revision and c.ord between v_low and v_high;
  end if;
  while v_grows loop
    v_grows := false;
    if v_last < v_high and v_tokens + v_chunks.tokens[v_last - v_low + 2] <= p_max_tokens then
      v_last := v_last + 1;
      v_tokens := v_tokens + v_chunks.tokens[v_last - v_low + 1];
      v_grows := true;
    end if;
    if v_first > v_low and v_tokens + v_chunks.tokens[v_first - v_low] <= p_max_tokens then
      v_first := v_first - 1;
      v_tokens := v_tokens + v_chunks.tokens[v_first - v_low + 1];
      v_grows := true;
    end if;
  end loop;

  return query
    select v_document.title, f.heading_path,
           graphdb._chunk_url(v_document.url, v_document.meta, v_document.body, f.byte_start, f.byte_end, f.heading_path, f.text),
           convert_from(substr(convert_to(v_document.body, 'UTF8'), b.byte_start + 1, b.byte_end - b.byte_start), 'UTF8'),
           v_first, v_last, v_tokens, (v_first, v_last) = (v_low, v_high)
    from (
      select min(c.byte_start) as byte_start, max(c.byte_end) as byte_end
      from graphdb.chunks as c
      where c.run_id = p_run_id and c.doc_id = p_doc_id and c.revision = v_document.revision and c.ord between v_first and v_last
    ) as b
    join graphdb.chunks as f on f.run_id = p_run_id and f.doc_id = p_doc_id and f.revision = v_document.revision and f.ord = v_first;
end
$$;

comment on function graphdb.context(text, text, integer, text, integer, jsonb) is
  'Return a chunk with its context as Markdown. '
  'p_scope is section, document, or the number of neighboring chunks on each side. '
  'The result has at most p_max_tokens tokens, unless the chunk itself is longer. '
  'Overlapping chunks are merged. is_whole: the whole scope is included. '
  'Returns no row if the chunk does not exist, or if its document is not visible. TB001: bad scope, budget or filter.';
revoke all on function graphdb.context(text, text, integer, text, integer, jsonb) from public;
