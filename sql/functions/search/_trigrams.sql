-- Return all sequences of three characters in a word with a space before and after it.
create or replace function graphdb._trigrams(p_word text)
returns text[]
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select array_agg(distinct substr(' ' || p_word || ' ', i, 3)) from generate_series(1, length(p_word)) as i
$$;

comment on function graphdb._trigrams(text) is
  'Return all sequences of three characters in a word with a space before and after it.';
revoke all on function graphdb._trigrams(text) from public;
