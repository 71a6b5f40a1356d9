-- squawk-ignore-file adding-field-with-default
-- The full-text index of the chunks. The vectors have a separate index, which is built when the backlog is empty.

-- Prepare a text for PostgreSQL's English parser. Punctuation separates words. Therefore the parts of graphdb.claim_run,
-- --dry-run and <topicref> are found, and the parser does not read them as a host, a number or a tag. Scripts without spaces
-- become pairs of characters, because the parser would read a whole Japanese sentence as one word.
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
  -- The parser may read these marks as parts of a word, an address, a number or a tag. All other marks separate words.
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
  'Return the words of a text in lower case, separated by spaces. All characters except letters, marks and numbers separate words. Scripts without spaces become pairs of characters';
revoke all on function graphdb._search_words(text) from public;

-- The words are stemmed as English, which changes the words of other languages only slightly. The text contains the
-- headings, too, but only here they have the weight of headings.
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
  'Return the words of a chunk as a tsvector. Words in headings have weight A. A migration that changes this function must compute chunks.search_vector again';
revoke all on function graphdb._search_vector(text[], text) from public;

-- The column belongs to the chunk, not to the vector, because writing a row of an HNSW index takes a hundred times as long.
-- The first release installed this migration together with 0002. Therefore the table is empty and is not rewritten.
alter table graphdb.chunks add column if not exists search_vector tsvector not null
  generated always as (graphdb._search_vector(heading_path, text)) stored;
comment on column graphdb.chunks.search_vector is 'Words of the headings and the text, stemmed in the language of the document, and names with an equals sign before them. graphdb.search uses them';

-- A row contains a text and its words, about 3 kB. It is not divided, because ranking reads the words of every match.
alter table graphdb.chunks set (toast_tuple_target = 8160);

-- squawk-ignore require-concurrent-index-creation
create index if not exists ix_chunks_search on graphdb.chunks using gin (search_vector);

-- A search looks up for every match whether it may use that version of the document.
-- squawk-ignore require-concurrent-index-creation
create index if not exists ix_documents_searched on graphdb.documents (run_id, doc_id) where is_searched;
-- The documents for a search with a label.
-- squawk-ignore require-concurrent-index-creation
create index if not exists ix_documents_labels on graphdb.documents using gin (labels) where is_searched;
-- Whether a completed run has versions that may replace others.
-- squawk-ignore require-concurrent-index-creation
create index if not exists ix_documents_unsearched on graphdb.documents (run_id) where not is_searched;
