-- Add the words and names of new chunks to the vocabulary. If the vocabulary is empty, add the words and names of all
-- chunks. Exclude restricted documents, because corrections would reveal their words. If another session is already
-- doing this, do nothing.
create or replace function graphdb._extend_vocabulary()
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_empty constant boolean := not exists (select from graphdb.vocabulary as v);
begin
  if not pg_try_advisory_xact_lock(7881697304920176) then
    return;
  end if;
  with pending as (
    delete from graphdb.vocabulary_pending as p returning p.input_sha256
  ), texts as (
    select distinct on (c.input_sha256) c.text, c.search_vector
    from graphdb.chunks as c
    join graphdb.documents as d on d.run_id = c.run_id and d.doc_id = c.doc_id and d.revision = c.revision and d.readers is null
    where v_is_empty or c.input_sha256 in (select p.input_sha256 from pending as p)
    order by c.input_sha256
  ), words as (
    select l.lexeme as word
    from texts as t
    cross join unnest(to_tsvector('pg_catalog.simple', graphdb._search_words(t.text))) as l
    where l.lexeme !~ '^[0-9]+$'
    union
    -- search_vector contains the names, which were found when the chunk was written.
    select substr(l.lexeme, 2)
    from texts as t
    cross join unnest(tsvector_to_array(t.search_vector)) as l (lexeme)
    where l.lexeme like '=%' and l.lexeme ~ '[a-z]'
  )
  insert into graphdb.vocabulary (word, trigrams)
  select w.word, graphdb._trigrams(w.word)
  from words as w
  where length(w.word) between 4 and 60
  on conflict do nothing;
end
$$;

comment on function graphdb._extend_vocabulary() is
  'Add the words and names of new chunks to the vocabulary. If it is empty, add the words and names of all chunks. Restricted documents are excluded.';
revoke all on function graphdb._extend_vocabulary() from public;
