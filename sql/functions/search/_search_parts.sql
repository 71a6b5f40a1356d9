-- Return the parts of a search: conditions on documents (d) that the caller may see, and FROM clauses for full-text search.
-- Each of these joins chunks (c) with the documents, and ends with the column against which a query is matched. The first part
-- contains the unrestricted documents. If the caller may read restricted documents, the second part contains them. They are
-- compared one by one, so that the time reveals nothing about other documents. With p_has_many, they come from the
-- indexes on all restricted chunks and vectors.
create or replace function graphdb._search_parts(p_filter jsonb, out p_shown text[], out p_from text[], out p_has_many boolean)
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_joined constant text := ' on d.run_id = c.run_id and d.doc_id = c.doc_id and d.revision = c.revision where ';
  v_shown constant text := graphdb._shown_documents(p_filter);
  v_principals constant jsonb := graphdb._filter_principals(p_filter) -> 'as';
  -- The chunks of this many documents can be compared in a few milliseconds.
  v_few constant integer := 500;
  v_named text;
  v_found integer := 0;
begin
  p_shown := array[case when v_principals = '[]' then v_shown else graphdb._shown_documents(coalesce(p_filter, '{}') || '{"as": []}') end];
  p_from := array['graphdb.chunks as c join graphdb.documents as d' || v_joined || p_shown[1] || ' and case when not c.is_restricted then c.search_vector end'];
  if v_principals <> '[]' then
    -- The index on readers finds the documents that name one of the principals.
    v_named := format(
      'd.readers @? %L::jsonpath and %s',
      (select '$[*][*] ? (' || string_agg('@ == ' || p.name::text, ' || ') || ')' from jsonb_array_elements(v_principals) as p (name)), v_shown);
    execute format('select count(*) from (select from graphdb.documents as d where %s limit %s) as f', v_named, v_few + 1) into v_found;
  end if;
  p_has_many := v_found > v_few;
  if p_has_many then
    p_shown := p_shown || (v_shown || ' and d.readers is not null');
    p_from := p_from || ('graphdb.chunks as c join graphdb.documents as d' || v_joined || v_shown || ' and case when c.is_restricted then c.search_vector end');
  elsif v_found > 0 then
    p_shown := p_shown || v_named;
    p_from := p_from || ('graphdb.documents as d join graphdb.chunks as c' || v_joined || v_named || ' and c.is_restricted and c.search_vector');
  end if;
end
$$;

comment on function graphdb._search_parts(jsonb) is
  'Return the parts of a search, of unrestricted and of restricted documents: conditions on documents (d) that the caller may see, and FROM clauses that join their chunks (c). '
  'Each FROM clause ends with the column against which a query is matched. Also return whether the caller may read many restricted documents.';
revoke all on function graphdb._search_parts(jsonb) from public;
