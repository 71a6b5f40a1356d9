-- Create the session's staging tables for binary COPY in pg_temp: staged_documents, staged_chunks, staged_embeddings. The
-- owner of this function owns them, and the caller may only fill and truncate them. keep_documents fills staged_unchanged. Call
-- this once after connecting.
create or replace function graphdb.create_staging()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if to_regclass('pg_temp.staged_documents') is null then
    create temporary table staged_documents (
      doc_id text not null, title text not null, url text, path text, labels text[] not null, breadcrumbs text[] not null,
      meta jsonb not null, body text not null, language text);
    create temporary table staged_hashes (doc_id text not null, content_sha256 bytea not null);
    create temporary table staged_chunks (
      doc_id text not null, ord integer not null, byte_start integer not null, byte_end integer not null,
      heading_path text[] not null, kind text not null, token_count integer not null, text text not null);
    execute format('create temporary table staged_embeddings (input_sha256 bytea not null, embedding %s.vector not null)', graphdb._vector_schema());
    execute format('grant insert, select, truncate on staged_documents, staged_chunks, staged_embeddings to %I', graphdb._caller());
  end if;
  if to_regclass('pg_temp.staged_unchanged') is null then
    create temporary table staged_unchanged (
      run_id text not null, doc_id text not null, content_sha256 bytea not null, primary key (run_id, doc_id));
    execute format('grant select, truncate on staged_unchanged to %I', graphdb._caller());
  end if;
end
$$;

comment on function graphdb.create_staging() is
  'Create the staging tables of this session for COPY in pg_temp: staged_documents, staged_chunks, staged_embeddings. '
  'Call this once after connecting.';
revoke all on function graphdb.create_staging() from public;
