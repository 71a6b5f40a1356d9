-- Return the headings of the section in which a chunk begins. A chunk that begins with a heading begins a section: its heading_path
-- contains only the headings above it, so its own heading is added. A document may begin with its title, which is in the path already.
create or replace function graphdb._section_path(p_heading_path text[], p_text text)
returns text[]
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  -- The text of a chunk begins with its heading path, if it has one.
  select p_heading_path || array(
    select b.heading
    from (select trim(graphdb._plain_text((regexp_match(p_text, e'^(?:[^\\n]*\\n\\n)?#{1,6} +([^\\n]+)'))[1])) as heading) as b
    where b.heading <> coalesce(p_heading_path[cardinality(p_heading_path)], ''))
$$;

comment on function graphdb._section_path(text[], text) is
  'Return the headings of the section in which a chunk begins: its heading_path, and the heading with which the chunk begins.';
revoke all on function graphdb._section_path(text[], text) from public;
