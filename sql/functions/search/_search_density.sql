-- Return for each part of a search (graphdb._search_parts) whether it is dense: whether so many of its chunks are visible and
-- meet the requirements that an index scan is faster than comparing them one by one. Also return which share of all chunks these
-- are, 1 if a part is dense.
create or replace function graphdb._search_density(
  p_shown text[],
  p_from text[],
  p_has_many boolean,
  p_demand tsquery,
  out p_is_dense boolean[],
  out p_share float8)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_chunks float8 := graphdb._searchable_chunks(false);
  v_reached float8 := 0;
  v_few float8;
  v_reach float8;
begin
  for v_part in 1 .. cardinality(p_shown) loop
    if v_part = 2 and not p_has_many then
      p_is_dense := p_is_dense || false;
      exit;
    elsif v_part = 2 then
      v_chunks := greatest(graphdb._searchable_chunks(true) - v_chunks, 1);
    end if;
    -- Comparing this many chunks one by one takes as long as finding 100 suitable chunks with the index. Without requirements,
    -- only the mean vectors of the documents and the chunks of the nearest documents are compared.
    v_few := sqrt(500 * v_chunks * case when p_demand is null then graphdb._chunks_per_document() else 1 end);
    v_reach := case when p_demand is null and p_shown[v_part] = graphdb._shown_documents('{"as": []}') then 'infinity'
                    else graphdb._search_reach(p_shown[v_part], p_from[v_part:v_part], p_demand, v_few + 1) end;
    p_is_dense := p_is_dense || (v_reach > v_few);
    v_reached := v_reached + v_reach;
  end loop;
  p_share := case when true = any (p_is_dense) then 1 else v_reached / graphdb._searchable_chunks(p_has_many) end;
end
$$;

comment on function graphdb._search_density(text[], text[], boolean, tsquery) is
  'Return for each part of a search whether so many of its chunks are visible and meet the requirements that an index scan is faster than comparing them one by one, '
  'and which share of all chunks these are.';
revoke all on function graphdb._search_density(text[], text[], boolean, tsquery) from public;
