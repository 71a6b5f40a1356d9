-- squawk-ignore-file adding-field-with-default
-- Flags describe problems of a document, so that the owners of the content can find it and a search can exclude it. Flagged documents
-- are not removed.

-- Return the problems in the text of a document. Only short bodies are searched for placeholder sentences.
create or replace function graphdb._quality_flags(p_body text, p_meta jsonb)
returns text[]
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_length constant integer := octet_length(p_body);
  v_flags text[] := '{}';
  v_text text;
begin
  if p_body !~ '[^[:space:]]' then
    v_flags := '{empty_body}';
  elsif v_length > 100000 then
    v_flags := '{too_long}';
  end if;
  if v_length > 8000 and p_body !~ e'(^|\n)#{1,6} ' then
    v_flags := v_flags || 'no_structure'::text;
  end if;

  if v_length <= 1000 and v_flags = '{}' then
    -- The text without images, headings, link addresses, tags and Markdown syntax.
    v_text := regexp_replace(p_body, '![[][^]]*[]][(][^)]*[)]', '', 'g');
    if v_text !~ '[[:alnum:]]' and v_text <> p_body then
      v_flags := '{image_only}';
    else
      v_text := regexp_replace(v_text, e'(^|\n)#{1,6} [^\n]*', e'\n', 'g');
      v_text := regexp_replace(v_text, '[]][(][^)]*[)]|<[^>]*>', ' ', 'g');
      v_text := lower(regexp_replace(v_text, '[[:space:][:punct:]]+', ' ', 'g'));
      -- Common sentences in templates and on pages that only refer to another page.
      v_text := btrim(regexp_replace(
        v_text,
        '[[:<:]](this (page|section|topic) (is|was|has been)? ?(intentionally )?(left )?(blank|empty)|(table of )?contents|on this page|in this (section|topic)'
          || '|back to top|(related|child|further) (pages|articles|topics|information|links)|see also|all rights reserved'
          || '|copyright( c)?( [0-9]{4})*|last (updated|modified|reviewed)( on| by)?( [0-9 ]+)?'
          || '|diese seite [a-z]+ absichtlich (frei|leer)( gelassen)?|inhalt(sverzeichnis)?|siehe auch|[a-z]+ rechte vorbehalten)[[:>:]]',
        '', 'g'));
      if v_text !~ '[[:alnum:]]' then
        v_flags := '{boilerplate}';
      elsif v_text ~ ('^((tbd|tba|tbc|todo|to do|wip|fixme|stub|draft|placeholder|n a|none|coming soon|under construction|(work )?in progress|x{3,}'
          || '|(more |content |text |details |description )?(is |are )?to (be )?(defined|done|determined|decided|announced|added|written|completed|confirmed|documented|provided|follow|come)'
          || '|(please )?(add|insert|enter|type|put|write) (your |the |some )?(text|content|description|details|information)( here)?|(content|text) (goes|comes|follows)( here)?'
          || '|lorem ipsum.*|platzhalter|folgt|in arbeit|noch zu ergänzen|à compléter|à venir)( |$))+$') then
        v_flags := '{placeholder_only}';
      elsif octet_length(v_text) < 80 then
        v_flags := '{too_short}';
      end if;
    end if;
  end if;

  if jsonb_path_exists(p_meta, '$.links[*].reason ? (@ == "not in input" || @ == "no such key" || @ == "outside the input")') then
    v_flags := v_flags || 'broken_links'::text;
  end if;
  return v_flags;
end
$$;
comment on function graphdb._quality_flags(text, jsonb) is
  'Return the problems of a document: empty_body, placeholder_only, boilerplate, image_only, too_short, too_long, no_structure, broken_links. '
  'A migration that changes this function must recompute documents.flags';
revoke all on function graphdb._quality_flags(text, jsonb) from public;

alter table graphdb.documents add column if not exists flags text[] not null
  generated always as (graphdb._quality_flags(body, meta)) stored;
comment on column graphdb.documents.flags is
  'Problems of the document: empty_body, placeholder_only (says only that text will follow), boilerplate (only headings and common template sentences), image_only, too_short, too_long, no_structure (long, without a heading), broken_links';
