-- Return the runs with documents that everybody may read, although their metadata mentions restrictions or the restrictions
-- were not read. Each row contains the reason, the number of documents, and the first titles that the caller may read.
create or replace function graphdb.unknown_readers()
returns table (run_id text, reason text, documents bigint, titles text[])
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select u.run_id, u.reason, count(*), (array_agg(u.title order by u.doc_id))[:3]
  from (
    select d.run_id, d.doc_id, d.title,
           case
             when d.meta ?| '{restrictions,restricted,view_restrictions,permissions,allowed_groups,allowed_users}' then 'metadata'
             when d.meta -> 'losses' ? 'readers:not-fetched' then 'readers:not-fetched'
             when d.meta -> 'losses' ? 'readers:unknown-ancestor' then 'readers:unknown-ancestor'
           end as reason
    from graphdb.documents as d
    where d.is_current and d.readers is null and (d.meta ? 'losses' or d.meta ?| '{restrictions,restricted,view_restrictions,permissions,allowed_groups,allowed_users}')
  ) as u
  where u.reason is not null
  group by u.run_id, u.reason
  order by u.run_id, u.reason
$$;

comment on function graphdb.unknown_readers() is
  'Return the runs with documents that everybody may read although their metadata mentions restrictions (metadata), or says that the restrictions of the page (readers:not-fetched) or of a page above it (readers:unknown-ancestor) were not read. '
  'Each row contains the reason, the number of documents, and the first titles that the caller may read.';
revoke all on function graphdb.unknown_readers() from public;
