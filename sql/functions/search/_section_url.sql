-- The address of a section: that of the document with an anchor made of the last heading, as GitHub and most site generators make
-- them: lower case, without punctuation, hyphens for blanks. The address alone where the chunk begins the document, and null without one.
create or replace function graphdb._section_url(p_url text, p_heading_path text[])
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when cardinality(p_heading_path) < 2 or position('#' in p_url) > 0 then p_url
    else p_url || '#' || graphdb._section_anchor(p_heading_path[cardinality(p_heading_path)])
  end
$$;

comment on function graphdb._section_url(text, text[]) is 'The address of a section: that of the document with the anchor of the last heading.';
revoke all on function graphdb._section_url(text, text[]) from public;
