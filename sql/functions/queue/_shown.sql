-- Quote a value of the caller for an error message. Shorten a long value.
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

comment on function graphdb._shown(text) is
  'Quote a value of the caller for an error message. Shorten a long value.';
revoke all on function graphdb._shown(text) from public;
