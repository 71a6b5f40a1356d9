-- Convert Markdown to plain text for a snippet: remove fences, rules, the syntax of headings, tables and emphasis, and
-- the targets of links. The result is approximate, but never longer than the input.
create or replace function graphdb._plain_text(p_markdown text)
returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select regexp_replace(
    regexp_replace(
      regexp_replace(p_markdown, '^[ >]*(```|~~~|[-|: ]*---[-|: ]*$).*$', '', 'gn'),
      e'!?\\[([^]\\n]*)\\]\\([^()\\s]*\\)', e'\\1', 'g'),
    e'^ *(> ?)+|^[ >]*#{1,6} +|^ *\\| *| *\\| *$|\\*\\*|`|\\\\(?=[[:punct:]]|$)', '', 'gn')
$$;

comment on function graphdb._plain_text(text) is
  'Convert Markdown to plain text for a snippet: remove fences, rules, the syntax of headings, tables and emphasis, and the targets of links.';
revoke all on function graphdb._plain_text(text) from public;
