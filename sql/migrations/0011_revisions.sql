-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint, adding-serial-primary-key-field, require-concurrent-index-deletion
-- squawk-ignore-file ban-drop-constraint, ban-drop-function, adding-field-with-default
-- squawk-ignore-file disallowed-unique-constraint, adding-foreign-key-constraint, require-concurrent-index-creation
-- A document of a run has up to two revisions: the current one, and the one that searches return until they can find the
-- current one. Therefore loading, chunking, resetting or a failure of a run causes no gap in search.

alter table graphdb.processed_runs add column if not exists input text;
comment on column graphdb.processed_runs.input is 'Source of the documents, as reported by the normalize phase. Null if unknown';
alter table graphdb.processed_runs add column if not exists chunking text;
comment on column graphdb.processed_runs.chunking is 'How the chunks were made, as described by the worker. A worker with the same description only chunks documents without chunks';

alter table graphdb.documents add column if not exists revision integer not null default 1;
comment on column graphdb.documents.revision is 'Number of the revision. It increases when the title or body of the document changes, and when its chunks are made in another way';
alter table graphdb.documents add column if not exists is_current boolean not null default true;
comment on column graphdb.documents.is_current is 'Whether this is the current revision in the run. If not, a search shows it until it can find the current one';
alter table graphdb.chunks add column if not exists revision integer not null default 1;
comment on column graphdb.chunks.revision is 'Revision of the document to which the chunk belongs';

alter table if exists graphdb.document_vectors drop constraint if exists document_vector_is_of_a_document;
alter table graphdb.chunks drop constraint if exists chunks_run_id_doc_id_fkey;
alter table graphdb.chunks drop constraint if exists chunk_is_of_a_document;
alter table graphdb.documents drop constraint if exists documents_pkey;
alter table graphdb.documents add constraint documents_pkey primary key (run_id, doc_id, revision);
-- A search finds the vectors of a document's chunks, and the chunks of a vector, without reading the texts.
alter table graphdb.chunks drop constraint if exists chunks_pkey;
alter table graphdb.chunks add constraint chunks_pkey primary key (run_id, doc_id, revision, ord) include (input_sha256);
alter table graphdb.chunks add constraint chunk_is_of_a_document
  foreign key (run_id, doc_id, revision) references graphdb.documents on delete cascade;
drop index if exists graphdb.ix_chunks_input;
create index if not exists ix_chunks_of_input on graphdb.chunks (input_sha256) include (run_id, doc_id, revision, ord);

create unique index if not exists ix_documents_current on graphdb.documents (run_id, doc_id) where is_current;
drop index if exists graphdb.ix_documents_searched;
create index if not exists ix_documents_shown on graphdb.documents (run_id, doc_id, revision) where is_searched;
-- Whether the completion of a run changes the results of searches.
drop index if exists graphdb.ix_documents_unsearched;
create index if not exists ix_documents_unsettled on graphdb.documents (run_id) where (not is_searched and is_findable) or not is_current;

comment on column graphdb.documents.is_newest is 'Whether this is the newest version of the document. True for one current row of each doc_id';
comment on column graphdb.documents.is_searched is
  'Whether searches use this version: the newest version with vectors or, if there is none, the newest with chunks. At most one row of each doc_id';

-- Their parameters or the returned columns have changed.
drop function if exists graphdb.load_documents(text, text, timestamptz, text);
drop function if exists graphdb.run_documents(text, text, integer, bigint);
drop function if exists graphdb.replace_chunks(text, bigint);
drop function if exists graphdb._readiness(graphdb.processed_runs, text);
drop function if exists graphdb._has_unsearched(text[]);
drop function if exists graphdb._mark_versions(text, text[]);

-- Vectors that a reset invalidated. Searches use them until new vectors replace them. The embed phase computes them again.
create table if not exists graphdb.stale_embeddings (
  model_id integer not null,
  input_sha256 bytea not null,
  primary key (model_id, input_sha256),
  constraint stale_embedding_is_an_embedding
    foreign key (model_id, input_sha256) references graphdb.embeddings on delete cascade
);
comment on table graphdb.stale_embeddings is 'Vectors that a reset marked as stale. A search uses them until the embed phase replaces them';

-- A search also ranks documents by the mean vector of their chunks. The mean vector is stored when all chunks have vectors. For
-- a document without a stored mean vector, the search computes it.
create table if not exists graphdb.document_vectors (
  model_id integer not null references graphdb.embedding_models,
  run_id text not null,
  doc_id text not null,
  revision integer not null,
  embedding @extschema:vector@.vector not null,
  primary key (model_id, run_id, doc_id, revision)
);
alter table graphdb.document_vectors drop constraint if exists document_vector_is_of_a_document;
alter table graphdb.document_vectors add constraint document_vector_is_of_a_document
  foreign key (run_id, doc_id, revision) references graphdb.documents on delete cascade;
comment on table graphdb.document_vectors is
  'The mean vector of each document. It is stored when all chunks have a vector, and deleted when the chunks change';
create index if not exists ix_document_vectors_document on graphdb.document_vectors (run_id, doc_id, revision);
