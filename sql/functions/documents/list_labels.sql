-- Return the labels of the documents that searches return to the caller, most frequent first.
create or replace function graphdb.list_labels(p_as text[] default null)
returns table (label text, documents bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select l.label, count(*)
  from graphdb.documents as d
  cross join unnest(d.labels) as l (label)
  where d.is_searched and graphdb.may_read(d.readers, (select graphdb.principals(p_as)))
  group by l.label
  order by count(*) desc, l.label
$$;

comment on function graphdb.list_labels(text[]) is
  'Return the labels of the documents that searches return to the caller, most frequent first. p_as is passed to graphdb.principals.';
revoke all on function graphdb.list_labels(text[]) from public;
