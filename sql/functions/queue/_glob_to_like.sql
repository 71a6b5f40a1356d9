-- Convert a shell pattern to a LIKE pattern with the escape character "!". "*" matches any text, and "?" matches one character.
create or replace function graphdb._glob_to_like(p_glob text)
returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select translate(replace(replace(replace(p_glob, '!', '!!'), '%', '!%'), '_', '!_'), '*?', '%_')
$$;

comment on function graphdb._glob_to_like(text) is
  'Convert a shell pattern to a LIKE pattern with the escape character "!". "*" matches any text, and "?" matches one character.';
revoke all on function graphdb._glob_to_like(text) from public;
