-- Return the number of chunks in a run. TB003: a document with text has no chunks.
create or replace function graphdb._count_chunks(p_run_id text)
returns integer
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunks integer;
  v_bare text;
begin
  select
    (select count(*) from graphdb._current_chunks(p_run_id)),
    (select min(b.doc_id) from graphdb._bare_documents(p_run_id) as b (doc_id))
  into v_chunks, v_bare;
  if v_bare is not null then
    raise exception 'document "%" of run "%" has text but no chunks', v_bare, p_run_id
      using errcode = 'TB003', hint = 'Store the chunks of every document before complete_run.';
  end if;
  return v_chunks;
end
$$;

comment on function graphdb._count_chunks(text) is
  'Return the number of chunks in a run. TB003: a document with text has no chunks.';
revoke all on function graphdb._count_chunks(text) from public;
