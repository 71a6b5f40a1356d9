-- Return the row of a run to be registered, and lock it until the transaction ends, so that only one session loads the
-- run. Create the row if it is missing. content_sha256 is null until register_run has processed the documents.
create or replace function graphdb._open_run(p_run_id text, p_source text)
returns graphdb.processed_runs
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run graphdb.processed_runs;
begin
  perform graphdb._check_isolation();
  perform graphdb._check_run_id(p_run_id);
  if coalesce(p_source, '') = '' then
    raise exception 'run "%" has no source', p_run_id
      using errcode = 'TB001', hint = 'Pass confluence, dita, mixed, or another name.';
  end if;
  perform graphdb._check_name('the source of a run', p_source, 128);
  insert into graphdb.processed_runs (run_id, source) values (p_run_id, p_source) on conflict (run_id) do nothing;
  select r.* into v_run from graphdb.processed_runs as r where r.run_id = p_run_id for no key update;
  return v_run;
end
$$;

comment on function graphdb._open_run(text, text) is
  'Return the row of a run to be registered, and lock it until the transaction ends. Create the row if it is missing. '
  'TB001: bad run id or source.';
revoke all on function graphdb._open_run(text, text) from public;
