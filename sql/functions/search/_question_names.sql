-- Return the names in a question (graphdb._search_names). Most questions contain no character that occurs only in
-- names. They are not searched for names, because this would take longer.
create or replace function graphdb._question_names(p_question text)
returns text[]
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case when p_question ~ e'[-_./:@#$%&+\\u0080-\\U0010ffff]' then graphdb._search_names(p_question, false) else '{}' end;
end
$$;

comment on function graphdb._question_names(text) is
  'Return the names in a question: identifiers, versions, codes, paths and options.';
revoke all on function graphdb._question_names(text) from public;
