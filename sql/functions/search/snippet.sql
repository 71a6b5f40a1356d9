-- Return the parts of a chunk's text that answer a question best, as plain text. To let the caller highlight the words of
-- the question, put U+0001 before and U+0002 after each match. The parts are whole sentences, table rows and lines of
-- code. Table rows and code are on separate lines. Headings at the start of the text are omitted.
create or replace function graphdb.snippet(p_query text, p_text text, p_heading_path text[] default '{}')
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = warning
set plan_cache_mode = force_generic_plan
as $$
declare
  v_enough constant integer := 280;
  v_sentence constant text := '([.!?…][)"”]?) +(?=[^a-z0-9 ])';
  v_heading constant text := array_to_string(p_heading_path, ' > ') || e'\n\n';
  v_text text := case when starts_with(p_text, v_heading) then substr(p_text, length(v_heading) + 1) else p_text end;
  v_parts text[];
  v_begins boolean[];
  v_scores integer[];
  v_best integer;
  v_first integer;
  v_last integer;
  v_length integer;
  v_shown text;
begin
  v_text := graphdb._mark_words(p_query, graphdb._plain_text(translate(v_text, e'\x01\x02\x03', '')));
  -- Each line is a part. In a line of prose, each sentence is a part. Lines of code and table rows are not prose.
  v_text := case when v_text ~ e'(^|\\n) | [|] ' then (
      select string_agg(case when l.line ~ '^ | [|] ' then l.line else regexp_replace(l.line, v_sentence, e'\\1\x03', 'g') end, e'\n' order by l.place)
      from string_to_table(v_text, e'\n') with ordinality as l (line, place))
    else regexp_replace(v_text, v_sentence, e'\\1\x03', 'g') end;
  select array_agg(p.part order by l.place, p.place), array_agg(p.place = 1 order by l.place, p.place),
         array_agg(case when position(e'\x01' in p.part) = 0 then 0 else (
           select count(distinct lower(substr(m.word, 1, position(e'\x02' in m.word) - 1)))
           from string_to_table(p.part, e'\x01') with ordinality as m (word, place) where m.place > 1) end order by l.place, p.place)
  into v_parts, v_begins, v_scores
  from string_to_table(v_text, e'\n') with ordinality as l (line, place)
  cross join lateral string_to_table(rtrim(l.line), e'\x03') with ordinality as p (part, place)
  where l.line ~ '[^[:space:]]' and translate(l.line, e'\x01\x02\x03', '') <> all (p_heading_path);
  if v_parts is null then
    return '';
  end if;
  v_best := (select s.place from unnest(v_scores) with ordinality as s (score, place) order by s.score desc, s.place limit 1);
  v_first := v_best;
  v_last := v_best;
  v_length := length(v_parts[v_best]);
  -- Text after the best part is more useful than text before it.
  while v_length < v_enough loop
    if v_last < cardinality(v_parts) and v_length + length(v_parts[v_last + 1]) <= 1.5 * v_enough then
      v_last := v_last + 1;
      v_length := v_length + length(v_parts[v_last]);
    elsif v_first > 1 and v_length + length(v_parts[v_first - 1]) <= v_enough then
      v_first := v_first - 1;
      v_length := v_length + length(v_parts[v_first]);
    else
      exit;
    end if;
  end loop;
  select string_agg(case when s.place = v_first then '' when s.begins then e'\n' else ' ' end || s.part, '' order by s.place)
  into v_shown
  from unnest(v_parts, v_begins) with ordinality as s (part, begins, place)
  where s.place between v_first and v_last;
  if length(v_shown) > 3 * v_enough then
    -- If the best part is one very long sentence or row, return only the words around the first match.
    v_first := greatest(1, position(e'\x01' in v_shown) - v_enough / 2);
    v_shown := case when v_first > 1 then '… ' else '' end
      || regexp_replace(substr(v_shown, v_first, 2 * v_enough), case when v_first > 1 then '^[^ ]* +| +[^ ]*$' else ' +[^ ]*$' end, '', 'g') || ' …';
  end if;
  return v_shown;
end
$$;

comment on function graphdb.snippet(text, text, text[]) is
  'Return the parts of a chunk that answer a question best, as plain text without the headings at its start. '
  'The parts are whole sentences, table rows and lines of code. '
  'Each word of the question is between U+0001 and U+0002, so that the caller can highlight it.';
revoke all on function graphdb.snippet(text, text, text[]) from public;
