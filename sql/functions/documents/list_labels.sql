-- Return the labels of the documents that a search can find, most frequent first.
create or replace function graphdb.list_labels()
returns table (label text, documents bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select l.label, count(*)
  from graphdb.documents as d
  cross join unnest(d.labels) as l (label)
  where d.is_searched
  group by l.label
  order by count(*) desc, l.label
$$;

comment on function graphdb.list_labels() is
  'Return the labels of the documents that a search can find, most frequent first.';
revoke all on function graphdb.list_labels() from public;
