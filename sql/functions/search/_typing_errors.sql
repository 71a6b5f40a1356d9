-- Return the number of typos between two words: missing, additional, wrong or swapped characters.
-- The maximum is p_most + 1.
create or replace function graphdb._typing_errors(p_word text, p_other text, p_most integer)
returns integer
language plpgsql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_word constant text[] := string_to_array(p_word, null);
  v_other constant text[] := string_to_array(p_other, null);
  v_columns constant integer := cardinality(v_other);
  v_many constant integer := p_most + 1;
  v_before integer[];
  v_above integer[] := array(select least(j, v_many) from generate_series(0, v_columns) as j);
  v_row integer[];
  v_errors integer;
  v_least integer;
begin
  if abs(cardinality(v_word) - v_columns) > p_most then
    return v_many;
  end if;
  -- Optimal string alignment. Element j + 1 of a row belongs to j characters of the other word. Prefixes whose lengths differ by
  -- more than p_most have too many typos.
  for i in 1 .. cardinality(v_word) loop
    v_row := array_fill(v_many, array[v_columns + 1]);
    v_row[1] := least(i, v_many);
    v_least := v_row[1];
    for j in greatest(1, i - p_most) .. least(v_columns, i + p_most) loop
      v_errors := least(v_above[j + 1] + 1, v_row[j] + 1, v_above[j] + (v_word[i] <> v_other[j])::integer, v_many);
      if i > 1 and j > 1 and v_word[i] = v_other[j - 1] and v_word[i - 1] = v_other[j] then
        v_errors := least(v_errors, v_before[j - 1] + 1);
      end if;
      v_row[j + 1] := v_errors;
      v_least := least(v_least, v_errors);
    end loop;
    if v_least > p_most then
      return v_many;
    end if;
    v_before := v_above;
    v_above := v_row;
  end loop;
  return v_above[v_columns + 1];
end
$$;

comment on function graphdb._typing_errors(text, text, integer) is
  'Return the number of typos between two words: missing, additional, wrong or swapped characters. The maximum is p_most + 1.';
revoke all on function graphdb._typing_errors(text, text, integer) from public;
