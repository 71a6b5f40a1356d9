-- Return the chunks of a run's current documents. This is one statement, so that PostgreSQL can inline it. It looks up
-- only the few documents that are not current but that searches still return.
create or replace function graphdb._current_chunks(p_run_id text)
returns setof graphdb.chunks
language sql
stable
as $$
  select c.* from graphdb.chunks as c
  where c.run_id operator(pg_catalog.=) p_run_id
    and not exists (
      select from graphdb.documents as d
      where d.run_id operator(pg_catalog.=) p_run_id and d.doc_id operator(pg_catalog.=) c.doc_id
        and d.revision operator(pg_catalog.=) c.revision and not d.is_current)
$$;

comment on function graphdb._current_chunks(text) is
  'Return the chunks of the current documents of a run.';
revoke all on function graphdb._current_chunks(text) from public;
