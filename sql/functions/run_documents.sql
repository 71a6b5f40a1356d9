-- The documents of a run in the order of doc_id, a page at a time: those after p_after, at most p_limit.
create or replace function graphdb.run_documents(p_run_id text, p_after text default '', p_limit integer default 100)
returns table (doc_id text, title text, breadcrumbs text[], body text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select d.doc_id, d.title, d.breadcrumbs, d.body
  from graphdb.documents as d
  where d.run_id = p_run_id and d.doc_id > p_after
  order by d.doc_id
  limit graphdb._check_limit(p_limit)
$$;

comment on function graphdb.run_documents(text, text, integer) is
  'The documents of a run in the order of doc_id, a page at a time: those after p_after, at most p_limit. TB001: bad limit.';
revoke all on function graphdb.run_documents(text, text, integer) from public;
