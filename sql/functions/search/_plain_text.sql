-- Markdown as a reader would say it: without fences, rules, the signs of headings, tables and emphasis, and the targets of
-- links. For a snippet: not exact, and never longer than the text.
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
  'Markdown as a reader would say it, for a snippet: without fences, rules, the signs of headings, tables and emphasis, and the targets of links.';
revoke all on function graphdb._plain_text(text) from public;
