-- Return how common words are in unrestricted chunks, according to ANALYZE, and with p_has_many also in restricted
-- chunks. There is one row for each index, with the number of its chunks. Returns no row before the first ANALYZE.
-- It has no search path of its own, so that the planner inlines it and only computes the columns that a caller uses.
create or replace function graphdb._word_statistics(p_has_many boolean)
returns table (lexemes text[], frequencies real[], chunks float8)
language sql
stable
as $$
  select s.most_common_elems::pg_catalog.text::pg_catalog._text, s.most_common_elem_freqs,
         pg_catalog.round((c.reltuples operator(pg_catalog.*) (1 operator(pg_catalog.-) s.null_frac))::pg_catalog.float8)
  from pg_catalog.pg_stats as s
  cross join pg_catalog.pg_class as c
  where s.schemaname operator(pg_catalog.=) 'graphdb' and c.oid operator(pg_catalog.=) 'graphdb.chunks'::pg_catalog.regclass
    and c.reltuples operator(pg_catalog.>=) 0::pg_catalog.float4
    and (s.tablename operator(pg_catalog.=) 'ix_chunks_open_words' or p_has_many and s.tablename operator(pg_catalog.=) 'ix_chunks_restricted_words')
$$;

comment on function graphdb._word_statistics(boolean) is
  'Return how common words are in unrestricted chunks, according to ANALYZE, and with p_has_many also in restricted chunks. '
  'There is one row for each index, with the number of its chunks. Returns no row before the first ANALYZE.';
revoke all on function graphdb._word_statistics(boolean) from public;
