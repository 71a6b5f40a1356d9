-- Delete the chunks of these runs; p_dry_run only counts them.
create or replace function graphdb._discard_chunks(p_run_ids text[], p_dry_run boolean)
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
begin
  if p_dry_run then
    return (select count(*) from graphdb.chunks as c where c.run_id = any (p_run_ids));
  end if;
  delete from graphdb.chunks as c where c.run_id = any (p_run_ids);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function graphdb._discard_chunks(text[], boolean) is 'Delete the chunks of these runs; p_dry_run only counts them.';
revoke all on function graphdb._discard_chunks(text[], boolean) from public;
