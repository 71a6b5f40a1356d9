-- Reject a caller that was written for an older schema (TB005). Workers call this once after connecting.
create or replace function graphdb.require_schema(p_version integer)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_version integer := (select max(m.version) from graphdb.schema_migrations as m);
begin
  if v_version > p_version or p_version is null then
    raise exception 'the schema has version %, but the caller supports only version %', v_version, coalesce(p_version::text, 'none')
      using errcode = 'TB005', hint = 'Update the caller. select * from graphdb.schema_migrations shows the changes.';
  end if;
end
$$;

comment on function graphdb.require_schema(integer) is
  'Reject a caller that was written for an older schema (TB005). Workers call this once after connecting.';
revoke all on function graphdb.require_schema(integer) from public;
