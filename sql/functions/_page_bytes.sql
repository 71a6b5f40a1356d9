-- Bytes of bodies with which a page of documents ends: setting graphdb.page_bytes of the session or role, else none do.
create or replace function graphdb._page_bytes()
returns bigint
language plpgsql
stable
as $$
declare
  v_setting text := coalesce(nullif(current_setting('graphdb.page_bytes', true), ''), '999999999999999999');
begin
  if v_setting !~ '^[1-9][0-9]{0,17}$' then
    raise exception 'graphdb.page_bytes is "%", not a number of bytes from 1', v_setting
      using errcode = 'TB001', hint = 'For example: set graphdb.page_bytes = 16777216';
  end if;
  return v_setting::bigint;
end
$$;

comment on function graphdb._page_bytes() is
  'Bytes of bodies with which a page of documents ends: the setting graphdb.page_bytes (session or role), else none do.';
revoke all on function graphdb._page_bytes() from public;
