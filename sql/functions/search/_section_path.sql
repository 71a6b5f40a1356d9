-- Return the headings of the section in which a chunk begins. A chunk that begins with a heading begins a section: its heading_path
-- contains only the headings above it, so its own heading is added.
create or replace function graphdb._section_path(p_heading_path text[], p_text text)
returns text[]
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  -- The text of a chunk begins with its heading path, if it has one.
  select p_heading_path || array(
    select trim(graphdb._plain_text(b.heading[1]))
    from (select regexp_match(p_text, e'^(?:[^\\n]*\\n\\n)?#{1,6} +([^\\n]+)') as heading) as b
    where b.heading is not null)
$$;

comment on function graphdb._section_path(text[], text) is
  'Return the headings of the section in which a chunk begins: its heading_path, and the heading with which the chunk begins.';
revoke all on function graphdb._section_path(text[], text) from public;
