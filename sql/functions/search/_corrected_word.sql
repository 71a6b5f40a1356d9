-- Return the correction of a word: the most similar word in the vocabulary that a visible document contains, with at
-- most two typos, or at most one if the word is short. Null if there is none, or if a visible document contains the word
-- itself.
create or replace function graphdb._corrected_word(p_word text, p_languages text[], p_scope text[])
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_most constant integer := case when length(p_word) < 8 then 1 else 2 end;
  v_trigrams constant text[] := graphdb._trigrams(p_word);
  v_letters constant text[] := array(select l from string_to_table(p_word, null) as l order by l);
  v_candidate text;
begin
  if length(p_word) not between 5 and 60 or p_word !~ '[^0-9.]' then
    return null;
  end if;
  if coalesce(graphdb._is_shown_word(p_word, p_languages, p_scope), true) then
    return null;
  end if;
  for v_candidate in
    select w.word
    from (
      select n.word, n.common, n.is_swapped, graphdb._typing_errors(p_word, n.word, v_most) as errors
      from (
        select v.word, v.common, array(select l from string_to_table(v.word, null) as l order by l) = v_letters as is_swapped
        from (
          select v.word, (select count(*) from unnest(v.trigrams) as t (trigram) where t.trigram = any (v_trigrams))::integer as common
          from graphdb.vocabulary as v
          where v.trigrams && v_trigrams and length(v.word) between length(p_word) - v_most and length(p_word) + v_most
          order by common desc, v.word
          limit 200
        ) as v
        -- A typo changes at most four trigrams.
        where v.common >= cardinality(v_trigrams) - 4 * v_most
      ) as n
      -- Short words are similar to each other, so only swapped letters count. Errors in the first letter are very rare.
      where n.is_swapped or length(p_word) > 5 and left(n.word, 1) = left(p_word, 1)
    ) as w
    where w.errors <= v_most
    order by w.errors, w.is_swapped desc, w.common desc, w.word
    limit 5
  loop
    if graphdb._is_shown_word(v_candidate, p_languages, p_scope) then
      return v_candidate;
    end if;
  end loop;
  return null;
end
$$;

comment on function graphdb._corrected_word(text, text[], text[]) is
  'Return the correction of a word that no visible document contains: the most similar word in the vocabulary, with at most two typos. '
  'Null if there is none.';
revoke all on function graphdb._corrected_word(text, text[], text[]) from public;
