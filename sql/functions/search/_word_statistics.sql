-- Return how common words are in unrestricted chunks, according to ANALYZE, and with p_has_many also in restricted
-- chunks. There is one row for each index, with the number of its chunks. Returns no row before the first ANALYZE.
create or replace function graphdb._word_statistics(p_has_many boolean)
returns table (lexemes text[], frequencies real[], chunks float8)
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select s.most_common_elems::text::text[], s.most_common_elem_freqs, round(c.reltuples * (1 - s.null_frac)::numeric)
  from pg_stats as s
  cross join pg_class as c
  where s.schemaname = 'graphdb' and c.oid = 'graphdb.chunks'::regclass and c.reltuples >= 0
    and (s.tablename = 'ix_chunks_open_words' or p_has_many and s.tablename = 'ix_chunks_restricted_words')
$$;

comment on function graphdb._word_statistics(boolean) is
  'Return how common words are in unrestricted chunks, according to ANALYZE, and with p_has_many also in restricted chunks. '
  'There is one row for each index, with the number of its chunks. Returns no row before the first ANALYZE.';
revoke all on function graphdb._word_statistics(boolean) from public;
