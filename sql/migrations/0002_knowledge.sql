-- The contents of the runs: documents, their chunks, and one vector for each text and model.

create table if not exists graphdb.documents (
  run_id text not null references graphdb.processed_runs on delete cascade deferrable initially deferred,
  doc_id text not null,
  title text not null,
  url text,
  path text,
  labels text[] not null default '{}',
  breadcrumbs text[] not null default '{}',
  meta jsonb not null default '{}',
  body text not null,
  content_sha256 bytea not null,
  is_newest boolean not null default false,
  is_searched boolean not null default false,
  primary key (run_id, doc_id),
  constraint doc_id_is_short check (doc_id <> '' and octet_length(doc_id) <= 1024),
  constraint meta_is_an_object check (jsonb_typeof(meta) = 'object'),
  constraint content_sha256_is_whole check (octet_length(content_sha256) = 32)
);
comment on table graphdb.documents is 'The documents of each run, as Markdown';
comment on column graphdb.documents.content_sha256 is 'SHA-256 of all columns except run_id and the marks of versions, computed by load_documents';
comment on column graphdb.documents.is_newest is 'Whether this is the newest version of the document. True for one current row of each doc_id';
comment on column graphdb.documents.is_searched is 'Whether searches use this version: the newest version with vectors or, if there is none, the newest with chunks. At most one row of each doc_id';

create index if not exists ix_documents_doc_id on graphdb.documents (doc_id);

create table if not exists graphdb.chunks (
  run_id text not null,
  doc_id text not null,
  ord integer not null,
  byte_start integer not null,
  byte_end integer not null,
  heading_path text[] not null default '{}',
  kind text not null,
  token_count integer not null,
  text text not null,
  input_sha256 bytea not null,
  -- A search finds the vectors of a document's chunks, and the chunks of a vector, without reading the texts.
  primary key (run_id, doc_id, ord) include (input_sha256),
  foreign key (run_id, doc_id) references graphdb.documents on delete cascade,
  constraint ord_is_not_negative check (ord >= 0),
  constraint byte_range_in_order check (0 <= byte_start and byte_start < byte_end),
  constraint kind_is_known check (kind in ('text', 'code', 'table')),
  constraint token_count_is_positive check (token_count > 0),
  constraint text_is_not_blank check (text ~ '[^[:space:]]'),
  constraint input_sha256_is_whole check (octet_length(input_sha256) = 32)
);
comment on table graphdb.chunks is 'The chunks of each document. Exactly their text is embedded';
comment on column graphdb.chunks.byte_start is 'Position of the first byte of the chunk in documents.body';
comment on column graphdb.chunks.byte_end is 'Position after the last byte of the chunk in documents.body';
comment on column graphdb.chunks.heading_path is 'Title of the document and headings above the chunk';
comment on column graphdb.chunks.token_count is 'Number of tokens in the text under the embedding model, including special tokens';
comment on column graphdb.chunks.input_sha256 is 'SHA-256 of the text, which is the key of its vectors in graphdb.embeddings';

create index if not exists ix_chunks_input on graphdb.chunks (input_sha256) include (run_id, doc_id, ord);

create table if not exists graphdb.embedding_models (
  model_id integer generated always as identity primary key,
  model text not null unique,
  provider text not null,
  dimension integer not null,
  normalized boolean not null,
  query_prefix text not null default '',
  document_prefix text not null default '',
  created_at timestamptz not null default now(),
  constraint model_is_named check (model <> ''),
  constraint dimension_in_range check (dimension between 1 and 16000)
);
comment on table graphdb.embedding_models is 'The registered embedding models';
comment on column graphdb.embedding_models.normalized is 'Whether every vector has unit length';

create table if not exists graphdb.embeddings (
  model_id integer not null references graphdb.embedding_models,
  input_sha256 bytea not null,
  embedding vector not null,
  primary key (model_id, input_sha256),
  constraint input_sha256_is_whole check (octet_length(input_sha256) = 32)
);
comment on table graphdb.embeddings is 'One vector for each text and model, even if several runs contain the text';
