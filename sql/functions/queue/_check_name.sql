-- Return the name. Reject a name that is too long for a list or an index.
create or replace function graphdb._check_name(p_kind text, p_name text, p_most integer)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if octet_length(p_name) > p_most then
    raise exception '% is too long: %', p_kind, graphdb._shown(p_name)
      using errcode = 'TB001', hint = format('Pass at most %s bytes.', p_most);
  end if;
  return p_name;
end
$$;

comment on function graphdb._check_name(text, text, integer) is
  'Return the name. Reject a name of more than p_most bytes (TB001).';
revoke all on function graphdb._check_name(text, text, integer) from public;
