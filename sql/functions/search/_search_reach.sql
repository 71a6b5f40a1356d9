-- Return the number of chunks that a search must consider: chunks in visible documents that meet the requirements.
-- Above p_most, the number is approximate. Without requirements, only the documents are counted, because this is
-- faster, and multiplied by the average number of chunks.
create or replace function graphdb._search_reach(p_condition text, p_demand tsquery, p_most float8)
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
    select greatest(c.reltuples, 1) / greatest(d.reltuples, 1) into v_each
    from pg_class as c, pg_class as d
    where c.oid = 'graphdb.chunks'::regclass and d.oid = 'graphdb.documents'::regclass;
  end if;
  execute format(
    'select count(*) from (select from graphdb.documents as d%s where %s limit %s) as p',
    ' join graphdb.chunks as c on c.run_id = d.run_id and c.doc_id = d.doc_id and c.revision = d.revision and c.search_vector @@ ' || quote_literal(p_demand),
    p_condition, ceil(p_most / v_each))
  into v_passing;
  return v_each * v_passing;
end
$$;

comment on function graphdb._search_reach(text, tsquery, float8) is
  'Return the number of chunks that a search must consider: chunks in visible documents that meet the requirements. '
  'Above p_most, the number is approximate.';
revoke all on function graphdb._search_reach(text, tsquery, float8) from public;
