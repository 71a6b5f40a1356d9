-- Convert Markdown without code blocks to plain text: remove rules, and the syntax of headings, quotations, tables, links,
-- code spans and emphasis.
create or replace function graphdb._plain_prose(p_markdown text)
returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  -- The code within `a`, ``b`` and the character after a backslash are kept. U+0004 stands for a vertical bar within a cell.
  select translate(
    regexp_replace(
      regexp_replace(
        regexp_replace(replace(p_markdown, e'\\|', e'\x04'), '^[ >]*[-|: ]*---[-|: ]*$', '', 'gn'),
        e'!?\\[((?:\\\\.|[^]\\\\\\n])*)\\]\\((?:<[^>\\n]*>|(?:[^()\\s]|\\([^()\\s]*\\))*)(?: "[^"\\n]*")?\\)', e'\\1', 'g'),
      e'``((?:[^`\\n]|`[^`\\n])+)``|`([^`\\n]+)`|\\\\([[:punct:]])|\\\\$'
      || '|[*]{2,3}|(?<![[:alnum:]*])[*](?=[^[:space:]*])|(?<=[^[:space:]*])[*](?![[:alnum:]*])'
      || '|^ *(?:> ?)+|^[ >]*#{1,6} +|^ *[|] *| *[|] *$',
      e'\\1\\2\\3', 'gn'),
    e'\x04', '|')
$$;

comment on function graphdb._plain_prose(text) is
  'Convert Markdown without code blocks to plain text: remove rules, and the syntax of headings, quotations, tables, links, code spans and emphasis.';
revoke all on function graphdb._plain_prose(text) from public;
