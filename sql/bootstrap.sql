-- The objects that must exist before an installation can query what is installed.
create schema if not exists graphdb;
comment on schema graphdb is 'trailblazer: the backlog of runs, their documents, chunks and vectors, and the functions that manage them';

create table if not exists graphdb.schema_migrations (
  version integer primary key,
  name text not null,
  sha256 text not null,
  code_version text not null,
  applied_at timestamptz not null default now(),
  constraint sha256_is_hex check (sha256 ~ '^[0-9a-f]{64}$')
);
comment on table graphdb.schema_migrations is
  'The migrations that have run in this database, each with the hash that it had at that time';

create table if not exists graphdb.schema_functions (
  name text primary key,
  sha256 text not null,
  code_version text not null,
  installed_at timestamptz not null default now(),
  constraint sha256_is_hex check (sha256 ~ '^[0-9a-f]{64}$')
);
comment on table graphdb.schema_functions is
  'The function files that were installed last, with their hashes';
