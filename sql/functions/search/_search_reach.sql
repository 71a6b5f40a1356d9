-- Return the number of chunks that a search must consider: chunks in visible documents that meet the requirements.
-- Above p_most, the number is approximate. Without requirements, count only the documents, because this is
-- faster, and multiply by the average number of chunks.
create or replace function graphdb._search_reach(p_condition text, p_scope text[], p_demand tsquery, p_most float8)
returns float8
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_each float8 := 1;
  v_passing bigint;
begin
  if p_demand is null then
    v_each := graphdb._chunks_per_document();
  end if;
  execute format(
    'select count(*) from (select from (%s) as s limit %s) as p',
    coalesce(graphdb._matching_chunks(p_scope, p_demand), 'select from graphdb.documents as d where ' || p_condition), ceil(p_most / v_each))
  into v_passing;
  return v_each * v_passing;
end
$$;

comment on function graphdb._search_reach(text, text[], tsquery, float8) is
  'Return the number of chunks that a search must consider: chunks in visible documents that meet the requirements. '
  'Above p_most, the number is approximate.';
revoke all on function graphdb._search_reach(text, text[], tsquery, float8) from public;
