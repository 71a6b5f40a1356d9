-- squawk-ignore-file adding-field-with-default
-- What a chunk is found by: its words, as full text. The vectors are indexed apart, when the backlog runs empty.

-- Text as the parser of English full text should see it. Punctuation parts words, so that graphdb.claim_run, --dry-run
-- and <topicref> are found by their parts, and not taken for a host, a number or a tag. Scripts that are written without
-- spaces become pairs of characters: the parser would take a whole Japanese sentence for one word.
create or replace function graphdb._search_words(p_text text)
returns text
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Thai to Khmer; kana, Han, Hangul.
  v_unspaced constant text := e'\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3005-\\u3007\\u3040-\\u30ff\\u3400-\\u4dbf\\u4e00-\\u9fff\\uac00-\\ud7af\\uf900-\\ufaff\\uff66-\\uff9f\\U00020000-\\U0003ffff';
  -- What the parser may take for a part of a word, an address, a number or a tag; any other mark parts words by itself.
  v_marks constant text[] := '{-,_,/,.,@,:,&,<,>,~,+}';
  v_mark text;
  v_words text := p_text;
begin
  foreach v_mark in array v_marks loop
    v_words := replace(v_words, v_mark, ' ');  -- a fourth of the time of one regular expression
  end loop;
  if octet_length(v_words) = length(v_words) or v_words !~ ('[' || v_unspaced || ']') then
    return v_words;
  end if;
  v_words := regexp_replace(v_words, '([' || v_unspaced || ']+)', e' \\1 ', 'g');
  return regexp_replace(v_words, '(?<=[' || v_unspaced || '])([' || v_unspaced || '])(?=[' || v_unspaced || '])', e'\\1 \\1', 'g');
end
$$;
comment on function graphdb._search_words(text) is
  'Text as the parser of full text should see it: punctuation parts words, scripts without spaces become pairs of characters. Changed by a migration that computes chunks.search_vector anew';
revoke all on function graphdb._search_words(text) from public;

-- Stemmed as English, which leaves the words of other languages nearly as they are. The headings stand in the text too;
-- here they count as such.
create or replace function graphdb._search_vector(p_heading_path text[], p_text text)
returns tsvector
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select setweight(to_tsvector('pg_catalog.english', graphdb._search_words(array_to_string(p_heading_path, ' '))), 'A')
         || to_tsvector('pg_catalog.english', graphdb._search_words(p_text))
$$;
comment on function graphdb._search_vector(text[], text) is
  'The words of a chunk for full text, those of its headings with weight A. Changed by a migration that computes chunks.search_vector anew';
revoke all on function graphdb._search_vector(text[], text) from public;

-- With the chunk and not with the vector: a row that an HNSW index points to is a hundred times dearer to write.
-- Written together with 0002 in the first release: the table is empty, so nothing is rewritten and nothing waits.
alter table graphdb.chunks add column if not exists search_vector tsvector not null
  generated always as (graphdb._search_vector(heading_path, text)) stored;
comment on column graphdb.chunks.search_vector is 'The words of headings and text, stemmed as English, for graphdb.search';

-- A row holds a text and its words, about 3 kB: kept whole, because ranking reads the words of every match.
alter table graphdb.chunks set (toast_tuple_target = 8160);

-- squawk-ignore require-concurrent-index-creation
create index if not exists ix_chunks_search on graphdb.chunks using gin (search_vector);

-- What a search joins to every match: whether it sees that version of the document.
-- squawk-ignore require-concurrent-index-creation
create index if not exists ix_documents_searched on graphdb.documents (run_id, doc_id) where is_searched;
-- Which documents a search with a label sees.
-- squawk-ignore require-concurrent-index-creation
create index if not exists ix_documents_labels on graphdb.documents using gin (labels) where is_searched;
-- Whether a completed run has versions that may take the place of others.
-- squawk-ignore require-concurrent-index-creation
create index if not exists ix_documents_unsearched on graphdb.documents (run_id) where not is_searched;
