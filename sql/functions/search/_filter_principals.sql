-- As whom the caller of a search reads: the principals under the key "as" of its filter, as far as the caller has them (graphdb.principals).
create or replace function graphdb._filter_principals(p_filter jsonb)
returns jsonb
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  select graphdb.principals(case when p_filter ? 'as' then graphdb._filter_texts('as', p_filter -> 'as') end)
$$;

comment on function graphdb._filter_principals(jsonb) is
  'As whom the caller of a search reads: the principals under the key "as" of its filter, as far as the caller has them.';
revoke all on function graphdb._filter_principals(jsonb) from public;
