-- Return the keys in the metadata of the documents that searches return to the caller, most frequent first.
create or replace function graphdb.list_meta_keys(p_as text[] default null)
returns table (name text, documents bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select k.name, count(*)
  from graphdb.documents as d
  cross join jsonb_object_keys(d.meta) as k (name)
  where d.is_searched and graphdb.may_read(d.readers, (select graphdb.principals(p_as)))
  group by k.name
  order by count(*) desc, k.name
$$;

comment on function graphdb.list_meta_keys(text[]) is
  'Return the keys in the metadata of the documents that searches return to the caller, most frequent first. p_as is passed to graphdb.principals.';
revoke all on function graphdb.list_meta_keys(text[]) from public;
