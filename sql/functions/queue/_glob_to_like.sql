-- A shell pattern as a LIKE pattern with escape "!": "*" is any text, "?" one character, everything else stands for itself.
create or replace function graphdb._glob_to_like(p_glob text)
returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select translate(replace(replace(replace(p_glob, '!', '!!'), '%', '!%'), '_', '!_'), '*?', '%_')
$$;

comment on function graphdb._glob_to_like(text) is 'A shell pattern as a LIKE pattern with escape "!": "*" is any text, "?" one character.';
revoke all on function graphdb._glob_to_like(text) from public;
