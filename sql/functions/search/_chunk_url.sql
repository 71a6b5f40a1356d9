-- Return the address of the section in which a chunk begins. The anchor comes from the metadata of the document (anchors) or,
-- without them, from the heading. If the chunk begins before the first heading, return the address of the document. Null if the
-- document has no address.
create or replace function graphdb._chunk_url(
  p_url text,
  p_meta jsonb,
  p_body text,
  p_byte_start integer,
  p_byte_end integer,
  p_heading_path text[],
  p_text text)
returns text
language sql
immutable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when jsonb_typeof(p_meta -> 'anchors') is distinct from 'array' or position('#' in p_url) > 0
      then graphdb._section_url(p_url, graphdb._section_path(p_heading_path, p_text))
    else p_url || coalesce('#' || (
      select graphdb._published_anchor(
        p_meta -> 'anchors',
        convert_from(substr(b.bytes, 1, p_byte_start), 'UTF8')
          || split_part(convert_from(substr(b.bytes, p_byte_start + 1, p_byte_end - p_byte_start), 'UTF8'), e'\n', 1))
      from (select convert_to(p_body, 'UTF8') as bytes) as b), '')
  end
$$;

comment on function graphdb._chunk_url(text, jsonb, text, integer, integer, text[], text) is
  'Return the address of the section in which a chunk begins. The anchor comes from the metadata of the document or, without it, from the heading.';
revoke all on function graphdb._chunk_url(text, jsonb, text, integer, integer, text[], text) from public;
