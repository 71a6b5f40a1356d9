-- Estimate the number of unrestricted chunks, or with p_has_many the number of all chunks. The result is at least 1.
create or replace function graphdb._searchable_chunks(p_has_many boolean)
returns float8
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select greatest(coalesce((select sum(s.chunks) from graphdb._word_statistics(p_has_many) as s), c.reltuples), 1)
    from pg_class as c where c.oid = 'graphdb.chunks'::regclass);
end
$$;

comment on function graphdb._searchable_chunks(boolean) is
  'Estimate the number of unrestricted chunks, or with p_has_many the number of all chunks. The result is at least 1.';
revoke all on function graphdb._searchable_chunks(boolean) from public;
