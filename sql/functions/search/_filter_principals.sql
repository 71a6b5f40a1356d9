-- Return the principals of a search: the principals in the filter key "as" that the caller has (graphdb.principals), or
-- by default all principals of the caller.
create or replace function graphdb._filter_principals(p_filter jsonb)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select graphdb.principals(case when p_filter ? 'as' then graphdb._filter_texts('as', p_filter -> 'as') end)
$$;

comment on function graphdb._filter_principals(jsonb) is
  'Return the principals of a search: the principals in the filter key "as" that the caller has (graphdb.principals), or by default all principals of the caller.';
revoke all on function graphdb._filter_principals(jsonb) from public;
