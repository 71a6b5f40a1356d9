-- Return whether a visible document contains a word or a name. Null for a stop word.
create or replace function graphdb._is_shown_word(p_word text, p_languages text[], p_scope text[])
returns boolean
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_name constant boolean := p_word ~ '[-_./:@#$%&+]';
  v_term constant tsquery := (
    select string_agg(quote_literal(l.lexeme), ' | ')::tsquery
    from (
      select x.lexeme from unnest(p_languages) as g (language) cross join unnest(graphdb._search_lexemes(g.language, p_word)) as x (lexeme)
      where not v_is_name
      union
      select '=' || p_word where v_is_name
    ) as l);
  v_has boolean;
begin
  if v_term is null then
    return null;
  end if;
  execute format('select exists (%s)', graphdb._matching_chunks(p_scope, v_term)) into v_has;
  return v_has;
end
$$;

comment on function graphdb._is_shown_word(text, text[], text[]) is
  'Return whether a visible document contains a word or a name. Null for a stop word.';
revoke all on function graphdb._is_shown_word(text, text[], text[]) from public;
