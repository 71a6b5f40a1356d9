-- Estimate the average number of chunks in a document. The result is at least 1.
create or replace function graphdb._chunks_per_document()
returns float8
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select greatest(greatest(c.reltuples, 1) / greatest(d.reltuples, 1), 1)
    from pg_class as c, pg_class as d
    where c.oid = 'graphdb.chunks'::regclass and d.oid = 'graphdb.documents'::regclass);
end
$$;

comment on function graphdb._chunks_per_document() is
  'Estimate the average number of chunks in a document. The result is at least 1.';
revoke all on function graphdb._chunks_per_document() from public;
