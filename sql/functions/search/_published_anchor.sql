-- Return the anchor of the section in which a chunk begins. p_anchors contains the anchors of the headings of a document on its
-- published page, in order. p_before is the body up to and including the first line of the chunk. If a heading has no anchor, the
-- nearest heading above it is used. Null if there is none.
create or replace function graphdb._published_anchor(p_anchors jsonb, p_before text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_line text;
  v_mark text;
  v_fence text;
  v_levels integer[] := '{}';
  v_level integer := 7;
begin
  -- A heading begins with number signs, but not inside a code block. A code block ends at the first fence that is long enough.
  for v_line in select m.line[1] from regexp_matches(p_before, '^(?:#{1,6} |```|~~~).*$', 'gn') as m (line) loop
    v_mark := substring(v_line from '^(?:#+|`+|~+)');
    if v_fence is not null then
      if rtrim(v_line) = v_mark and left(v_mark, 1) = left(v_fence, 1) and length(v_mark) >= length(v_fence) then
        v_fence := null;
      end if;
    elsif left(v_mark, 1) = '#' then
      v_levels := v_levels || length(v_mark);
    else
      v_fence := v_mark;
    end if;
  end loop;
  for v_place in reverse cardinality(v_levels) .. 1 loop
    if v_levels[v_place] < v_level then
      if coalesce(p_anchors ->> (v_place - 1), '') <> '' then
        return p_anchors ->> (v_place - 1);
      end if;
      v_level := v_levels[v_place];
    end if;
  end loop;
  return null;
end
$$;

comment on function graphdb._published_anchor(jsonb, text) is
  'Return the anchor of the section in which a chunk begins, from the anchors of the headings on the published page.';
revoke all on function graphdb._published_anchor(jsonb, text) from public;
