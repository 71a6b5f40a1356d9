-- Return the address of a section: the address of the document with the anchor of the last heading.
-- If the chunk begins the document, return the address of the document. Null if the document has no address.
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

comment on function graphdb._section_url(text, text[]) is
  'Return the address of a section: the address of the document with the anchor of the last heading.';
revoke all on function graphdb._section_url(text, text[]) from public;
