-- Reject a filter that is null. A function that changes the selected runs needs an explicit filter, even for all runs.
create or replace function graphdb._require_filter(p_filter jsonb)
returns void
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_filter is null then
    raise exception 'p_filter cannot be null'
      using errcode = 'TB001', hint = 'Pass a filter. ''{}'' selects every run.';
  end if;
end
$$;

comment on function graphdb._require_filter(jsonb) is
  'Reject a filter that is null (TB001).';
revoke all on function graphdb._require_filter(jsonb) from public;
