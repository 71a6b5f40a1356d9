-- Correct the typos in a question. Return the corrected question and the corrections.
create or replace function graphdb._corrected_question(
  p_question text,
  p_languages text[],
  p_scope text[],
  out p_corrected text,
  out p_corrections text[])
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_word text;
  v_meant text;
begin
  p_corrected := p_question;
  p_corrections := '{}';
  for v_word in
    with asked as (
      select n.name as word from unnest(graphdb._question_names(p_question)) as n (name)
      union
      select t.word from (select s.word from graphdb._search_tokens(p_question) as s limit 50) as t
    )
    select a.word
    from asked as a
    -- A word in the vocabulary counts as correct.
    where length(a.word) > 4 and not exists (select from graphdb.vocabulary as v where v.word = a.word)
    order by length(a.word) desc, a.word
    limit 16
  loop
    v_meant := graphdb._corrected_word(v_word, p_languages, p_scope);
    if v_meant is not null then
      p_corrections := p_corrections || format('%s → %s', v_word, v_meant);
      p_corrected := regexp_replace(
        normalize(p_corrected, nfkc), regexp_replace(v_word, e'([$*+?(){}|^.\\[\\]])', e'\\\\\\1', 'g') || e'(?![0-9a-z])', v_meant, 'gi');
    end if;
  end loop;
end
$$;

comment on function graphdb._corrected_question(text, text[], text[]) is
  'Correct the typos in a question. Return the corrected question and the corrections.';
revoke all on function graphdb._corrected_question(text, text[], text[]) from public;
