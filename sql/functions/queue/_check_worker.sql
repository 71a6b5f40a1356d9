-- Return the name of the worker. Reject an empty or long name.
create or replace function graphdb._check_worker(p_worker text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(p_worker, '') = '' then
    raise exception 'the name of the worker is empty'
      using errcode = 'TB001', hint = 'Pass host/pid/thread, or another name that identifies the worker.';
  end if;
  return graphdb._check_name('the name of a worker', p_worker, 256);
end
$$;

comment on function graphdb._check_worker(text) is
  'Return the name of the worker. Reject an empty name, or a name of more than 256 bytes (TB001).';
revoke all on function graphdb._check_worker(text) from public;
