-- A shell pattern as a LIKE pattern: "*" is any text, "?" one character, everything else stands for itself.
create or replace function graphdb._glob_to_like(p_glob text)
returns text
language sql
immutable
parallel safe
as $$
  select translate(regexp_replace(p_glob, '([\\%_])', '\\\1', 'g'), '*?', '%_')
$$;

comment on function graphdb._glob_to_like(text) is 'A shell pattern as a LIKE pattern: "*" is any text, "?" one character.';
revoke all on function graphdb._glob_to_like(text) from public;
