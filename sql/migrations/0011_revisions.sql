-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint, adding-serial-primary-key-field, require-concurrent-index-deletion
-- squawk-ignore-file ban-drop-constraint, ban-drop-function, adding-field-with-default
-- squawk-ignore-file disallowed-unique-constraint, adding-foreign-key-constraint, require-concurrent-index-creation
-- A document of a run has revisions: the current one, and the one that search still shows until the current one can be found.
-- So a run can be loaded, chunked anew, reset or fail half-way without a gap in search.

alter table graphdb.processed_runs add column if not exists input text;
comment on column graphdb.processed_runs.input is 'What the documents were made from, as the normalize phase named it; null when unknown';
alter table graphdb.processed_runs add column if not exists chunking text;
comment on column graphdb.processed_runs.chunking is 'How the chunks were made, as the worker named it; a worker that makes them the same way chunks only documents without chunks';

alter table graphdb.documents add column if not exists revision integer not null default 1;
comment on column graphdb.documents.revision is 'Counts up when the title or the body of the document changes, and when its chunks are made another way';
alter table graphdb.documents add column if not exists is_current boolean not null default true;
comment on column graphdb.documents.is_current is 'The run has this revision now. False: only search still shows it, until the current one can be found';
alter table graphdb.chunks add column if not exists revision integer not null default 1;
comment on column graphdb.chunks.revision is 'The revision of the document that the chunk is part of';

alter table if exists graphdb.document_vectors drop constraint if exists document_vector_is_of_a_document;
alter table graphdb.chunks drop constraint if exists chunks_run_id_doc_id_fkey;
alter table graphdb.chunks drop constraint if exists chunk_is_of_a_document;
alter table graphdb.documents drop constraint if exists documents_pkey;
alter table graphdb.documents add constraint documents_pkey primary key (run_id, doc_id, revision);
-- A search finds vectors by the chunks of a document, and chunks by a vector, without reading the texts.
alter table graphdb.chunks drop constraint if exists chunks_pkey;
alter table graphdb.chunks add constraint chunks_pkey primary key (run_id, doc_id, revision, ord) include (input_sha256);
alter table graphdb.chunks add constraint chunk_is_of_a_document
  foreign key (run_id, doc_id, revision) references graphdb.documents on delete cascade;
drop index if exists graphdb.ix_chunks_input;
create index if not exists ix_chunks_of_input on graphdb.chunks (input_sha256) include (run_id, doc_id, revision, ord);

create unique index if not exists ix_documents_current on graphdb.documents (run_id, doc_id) where is_current;
drop index if exists graphdb.ix_documents_searched;
create index if not exists ix_documents_shown on graphdb.documents (run_id, doc_id, revision) where is_searched;
-- Whether the completion of a run changes what search shows.
drop index if exists graphdb.ix_documents_unsearched;
create index if not exists ix_documents_unsettled on graphdb.documents (run_id) where (not is_searched and is_findable) or not is_current;

comment on column graphdb.documents.is_newest is 'No other run has a newer version of this doc_id; true for one current row of each doc_id';
comment on column graphdb.documents.is_searched is
  'The version that a search sees: the newest that has its vectors, or else its chunks; one row for each doc_id, none if that is not findable';

-- They take other parameters now, or return other columns.
drop function if exists graphdb.load_documents(text, text, timestamptz, text);
drop function if exists graphdb.run_documents(text, text, integer, bigint);
drop function if exists graphdb.replace_chunks(text, bigint);
drop function if exists graphdb._readiness(graphdb.processed_runs, text);
drop function if exists graphdb._has_unsearched(text[]);
drop function if exists graphdb._mark_versions(text, text[]);

-- Vectors that a reset gave up. Search uses them until others replace them; for the embed phase they are missing.
create table if not exists graphdb.stale_embeddings (
  model_id integer not null,
  input_sha256 bytea not null,
  primary key (model_id, input_sha256),
  constraint stale_embedding_is_an_embedding
    foreign key (model_id, input_sha256) references graphdb.embeddings on delete cascade
);
comment on table graphdb.stale_embeddings is 'Vectors that a reset gave up: search uses them until the embed phase replaces them';

-- A search ranks a document by the mean of its chunks' vectors too. It is stored once all of them are there; until then, and for
-- documents without a row, a search computes it.
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
  'The mean of the vectors of a document''s chunks, stored when all of them are there; deleted when the chunks change';
create index if not exists ix_document_vectors_document on graphdb.document_vectors (run_id, doc_id, revision);
