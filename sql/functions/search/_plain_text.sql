-- Convert Markdown to plain text for a snippet: remove the syntax of headings, quotations, tables, links, code spans and
-- emphasis, and the fences of code blocks. Code stays as it is. The result is approximate, but never longer than the input.
create or replace function graphdb._plain_text(p_markdown text)
returns text
language plpgsql
immutable
strict
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_any_fence constant text := '^[ >]*(`{3,}|~{3,})';
  v_plain text := '';
  v_prose text := '';
  v_line text;
  v_fence text;
  v_open_fence text;
  v_quotes integer;
begin
  if p_markdown !~ ('(?n)' || v_any_fence) then
    return graphdb._plain_prose(p_markdown);
  end if;
  foreach v_line in array string_to_array(p_markdown, e'\n') loop
    v_fence := (regexp_match(v_line, v_any_fence))[1];
    if v_open_fence is null and v_fence is null then
      v_prose := v_prose || v_line || e'\n';
    elsif v_open_fence is null then
      v_plain := v_plain || graphdb._plain_prose(v_prose);
      v_prose := '';
      v_open_fence := v_fence;
      v_quotes := length(v_line) - length(replace(v_line, '>', ''));
    elsif starts_with(v_fence, v_open_fence) and trim(v_line, ' >') = v_fence then
      v_open_fence := null;
    elsif v_quotes = 0 then
      v_plain := v_plain || v_line || e'\n';
    else
      v_plain := v_plain || regexp_replace(v_line, format('^( *> ?){0,%s}', v_quotes), '') || e'\n';
    end if;
  end loop;
  return v_plain || graphdb._plain_prose(v_prose);
end
$$;

comment on function graphdb._plain_text(text) is
  'Convert Markdown to plain text for a snippet: remove the syntax of headings, quotations, tables, links, code spans and emphasis, and the fences of code blocks. '
  'Code stays as it is.';
revoke all on function graphdb._plain_text(text) from public;
