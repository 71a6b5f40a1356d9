-- Split a question into requirements for every result and the remaining words. A result must contain each phrase in
-- quotes. If the question consists only of phrases with "or" between them, a result must contain one of them. If there are
-- other words besides "or", the phrases are not required. A result must not contain a phrase in quotes after a minus,
-- or a word of the filter key "without". The same applies to a word after a minus at the end of a question, unless a
-- visible document contains the word as an option. All other dashes are part of the text: -9, -xzf, --dry-run.
create or replace function graphdb._search_demand(
  p_query text,
  p_filter jsonb,
  p_languages text[],
  p_scope text[],
  out p_question text,
  out p_without text[],
  out p_demand tsquery)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Use the first 10,000 characters of a pasted text, because PostgreSQL cannot print a query of 20,000 words.
  v_rest text := translate(left(p_query, 10000), e'“”„\r\n\t', '"""   ');
  v_parts text[];
  v_quoted text[];
  v_has_option boolean;
  v_unquoted text;
begin
  -- A single quote, or a quote after a digit (19" racks), has no special meaning.
  select array_agg(m.parts[2] order by m.place) filter (where m.parts[1] = ''),
         array_agg(m.parts[2] order by m.place) filter (where m.parts[1] <> '')
  into v_quoted, p_without
  from regexp_matches(v_rest, '(?:^|[^0-9-])(-?)"([^"]*)"', 'g') with ordinality as m (parts, place);
  v_rest := regexp_replace(v_rest, '(^|[^0-9-])-"[^"]*"', e'\\1 ', 'g');
  v_unquoted := lower(trim(regexp_replace(v_rest, '(^|[^0-9])"[^"]*"', e'\\1 ', 'g')));
  v_rest := regexp_replace(v_rest, '(^|[^0-9])"([^"]*)"', e'\\1 \\2 ', 'g');

  loop
    v_parts := regexp_match(v_rest, e'^(.*[^ -] +)-([^-\\u0001-@[-`{-\\u007f]{3,}) *$');
    exit when v_parts is null or v_parts[1] ~ '(^| )-' or cardinality(regexp_split_to_array(trim(v_parts[1]), ' +')) < 2
      or v_parts[1] ~ '[/=|$]';
    execute format(
      'select exists (%s)',
      graphdb._matching_chunks(p_scope, quote_literal('=-' || graphdb._search_fold(graphdb._search_text(v_parts[2])))::tsquery))
    into v_has_option;
    -- Quotes and the minus before them are the syntax of web searches.
    exit when v_has_option and v_quoted is null;
    p_without := p_without || v_parts[2];
    v_rest := v_parts[1];
  end loop;
  p_question := trim(replace(v_rest, '"', ' '));
  p_without := p_without || case when p_filter ? 'without' then graphdb._filter_texts('without', p_filter -> 'without') end;

  select string_agg('(' || d.part || ')', ' & ')::tsquery
  into p_demand
  from (
    select string_agg(format('(%s)', graphdb._search_phrase(p_languages, q.quoted)), case when v_unquoted ~ '^( *or *)+$' then ' | ' else ' & ' end) as part
    from unnest(v_quoted) as q (quoted)
    where (v_unquoted !~ '(^| )or( |$)' or v_unquoted ~ '^( *or *)+$') and graphdb._search_phrase(p_languages, q.quoted) is not null
    union all
    select format('!(%s)', graphdb._search_phrase(p_languages, w.without)) from unnest(p_without) as w (without)
    where graphdb._search_phrase(p_languages, w.without) is not null
  ) as d
  where d.part <> '';
end
$$;

comment on function graphdb._search_demand(text, jsonb, text[], text[]) is
  'Split a question into requirements for every result and the remaining words. '
  'A result must contain the phrases in quotes, and nothing that a minus or the filter excludes.';
revoke all on function graphdb._search_demand(text, jsonb, text[], text[]) from public;
