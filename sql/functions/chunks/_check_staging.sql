-- Reject a staging table that create_staging did not create. A table of the caller could run code with our rights.
create or replace function graphdb._check_staging(p_table text)
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select from pg_class as c
    where c.oid = to_regclass('pg_temp.' || p_table) and c.relkind = 'r' and pg_get_userbyid(c.relowner) = current_user
  ) then
    raise exception 'no staging table "%" in this session', p_table
      using errcode = 'TB001', hint = 'Call graphdb.create_staging() once after connecting.';
  end if;
end
$$;

comment on function graphdb._check_staging(text) is
  'Reject a staging table that create_staging did not create (TB001).';
revoke all on function graphdb._check_staging(text) from public;
