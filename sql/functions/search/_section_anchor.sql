-- Return the anchor of a heading as GitHub and most site generators create it: lower case, without punctuation, with
-- hyphens instead of spaces.
create or replace function graphdb._section_anchor(p_heading text)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select regexp_replace(
    regexp_replace(
      -- Remove the symbols that would become letters or separate words (graphdb._search_symbols).
      graphdb._search_text(regexp_replace(
        graphdb._plain_text(p_heading),
        e'[\\u00b2\\u00b3\\u00b9\\u00bc-\\u00be\\u2070\\u2074-\\u2079\\u2100-\\u2109\\u2116\\u2120-\\u2122\\u213b\\u2150-\\u215f\\u2189\\u2460-\\u24ff]', '', 'g')),
      e'[\\u0001-\\u001f!-,./:-@[-^`{-\\u00bf\\u2010-\\u2bff\\u3001-\\u3020]', '', 'g'),
    ' ', '-', 'g')
$$;

comment on function graphdb._section_anchor(text) is
  'Return the anchor of a heading: lower case, without punctuation, with hyphens instead of spaces.';
revoke all on function graphdb._section_anchor(text) from public;
