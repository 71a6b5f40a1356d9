-- squawk-ignore-file ban-drop-function, adding-field-with-default, require-concurrent-index-creation, require-concurrent-index-deletion
-- Vectors that only restricted documents use have a separate index. Therefore a vector search reads nothing of the documents
-- that its caller may not read, and its time reveals nothing about them.

alter table graphdb.embeddings add column if not exists is_restricted boolean not null default false;
comment on column graphdb.embeddings.is_restricted is
  'Only restricted chunks contain the text. This only determines which index contains the vector: documents.readers decides who sees it';
create index if not exists ix_embeddings_of_restricted on graphdb.embeddings (input_sha256, model_id) where is_restricted;

-- A vector of a text finds only the restricted or only the unrestricted chunks that contain it.
drop index if exists graphdb.ix_chunks_of_input;
create index if not exists ix_chunks_of_input on graphdb.chunks (input_sha256, is_restricted) include (run_id, doc_id, revision, ord);

update graphdb.embeddings as e
set is_restricted = true
where e.is_restricted is distinct from true
  and exists (select from graphdb.chunks as c where c.input_sha256 = e.input_sha256 and c.is_restricted)
  and not exists (select from graphdb.chunks as c where c.input_sha256 = e.input_sha256 and not c.is_restricted);

-- graphdb._search_parts replaces it.
drop function if exists graphdb._search_scope(jsonb);

comment on column graphdb.documents.is_searched is
  'Whether searches use this version: the newest version with vectors or, if there is none, the newest with chunks. At most one row of each doc_id';
comment on function graphdb._search_words(text) is
  'Return the words of a text in lower case, separated by spaces. All characters except letters, marks and numbers separate words. Scripts without spaces become pairs of characters';
