-- What a caller passed, as an error message shows it: quoted, and its beginning only when it is long.
create or replace function graphdb._shown(p_text text)
returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_text is null then 'null'
    when length(p_text) <= 140 then quote_literal(p_text)
    else quote_literal(left(p_text, 140)) || '… (' || length(p_text) || ' characters)'
  end
$$;

comment on function graphdb._shown(text) is 'What a caller passed, as an error message shows it: quoted, and its beginning only when it is long.';
revoke all on function graphdb._shown(text) from public;
