-- Return the chunks of a run whose text has this hash, in order.
create or replace function graphdb.input_places(p_run_id text, p_input_sha256 bytea)
returns table (doc_id text, ord integer, title text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select c.doc_id, c.ord, d.title
  from graphdb.chunks as c
  join graphdb.documents as d on d.run_id = c.run_id and d.doc_id = c.doc_id and d.revision = c.revision and d.is_current
  where c.run_id = p_run_id and c.input_sha256 = p_input_sha256
  order by c.doc_id, c.ord
$$;

comment on function graphdb.input_places(text, bytea) is
  'Return the chunks of a run whose text has this hash, each with the title of its document, ordered by document id and position. '
  'Returns no row if the run does not contain the text.';
revoke all on function graphdb.input_places(text, bytea) from public;
