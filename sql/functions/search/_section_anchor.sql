-- Return the anchor of a heading as GitHub and most site generators create it: lower case, without punctuation, with
-- hyphens instead of spaces.
create or replace function graphdb._section_anchor(p_heading text)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select regexp_replace(
    regexp_replace(graphdb._search_text(graphdb._plain_text(p_heading)), e'[\\u0001-\\u001f!-,./:-@[-^`{-\\u00bf\\u2010-\\u2bff\\u3001-\\u3020]', '', 'g'),
    ' ', '-', 'g')
$$;

comment on function graphdb._section_anchor(text) is
  'Return the anchor of a heading: lower case, without punctuation, with hyphens instead of spaces.';
revoke all on function graphdb._section_anchor(text) from public;
