-- Reject a run id that cannot be the name of a folder.
create or replace function graphdb._check_run_id(p_run_id text)
returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_run_id is null or p_run_id !~ '^[A-Za-z0-9._-]{1,128}$' or p_run_id in ('.', '..') then
    raise exception 'invalid run id %', graphdb._shown(p_run_id)
      using errcode = 'TB001', hint = 'A run id becomes a folder name. Use at most 128 letters, digits, ".", "_" and "-".';
  end if;
end
$$;

comment on function graphdb._check_run_id(text) is
  'Reject a run id that cannot be the name of a folder (TB001).';
revoke all on function graphdb._check_run_id(text) from public;
