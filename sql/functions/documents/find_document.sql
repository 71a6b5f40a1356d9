-- Find a document by its id, its URL, or its path in the source. The URL may contain the anchor of a section. Without a run, return the version that a search can
-- find. With a run, return the revision in this run that a search shows, so that it matches the hits, or otherwise the
-- current revision. Returns no row if the caller may not read such a document.
create or replace function graphdb.find_document(p_document text, p_run_id text default null, p_as text[] default null)
returns table (
  run_id text, doc_id text, title text, url text, path text, source text, labels text[], breadcrumbs text[], meta jsonb, body text,
  is_searched boolean)
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_principals constant jsonb := graphdb.principals(p_as);
  v_found text[][];
begin
  v_found := array(
    select array[d.run_id, d.doc_id]
    from graphdb.documents as d
    where d.doc_id = p_document and (p_run_id is null and d.is_searched or d.run_id = p_run_id) and graphdb.may_read(d.readers, v_principals)
    limit 1);
  if v_found = '{}' then
    v_found := array(
      select distinct array[d.run_id, d.doc_id] as found
      from graphdb.documents as d
      where (d.url = p_document or d.path = p_document) and (p_run_id is null and d.is_searched or d.run_id = p_run_id)
        and graphdb.may_read(d.readers, v_principals)
      order by found
      limit 10);
  end if;
  if v_found = '{}' and position('#' in p_document) > 0 then
    return query select f.* from graphdb.find_document(regexp_replace(p_document, '#.*$', ''), p_run_id, p_as) as f;
    return;
  end if;
  if array_length(v_found, 1) > 1 then
    raise exception 'several documents have the address "%"', left(p_document, 200)
      using errcode = 'TB001', hint = format('Pass the id of one of them: %s.', (
        select string_agg(format('%s (run %s)', v_found[p.place][2], v_found[p.place][1]), ', ' order by p.place)
        from generate_subscripts(v_found, 1) as p (place)));
  end if;
  return query
    select d.run_id, d.doc_id, d.title, d.url, d.path, r.source, d.labels, d.breadcrumbs, d.meta, d.body, d.is_searched
    from graphdb.documents as d
    join graphdb.processed_runs as r on r.run_id = d.run_id
    where d.run_id = v_found[1][1] and d.doc_id = v_found[1][2] and graphdb.may_read(d.readers, v_principals)
      and (p_run_id is not null or d.is_searched)
    order by d.is_searched desc, d.is_current desc
    limit 1;
end
$$;

comment on function graphdb.find_document(text, text, text[]) is
  'Find a document by its id, its URL (also with the anchor of a section), or its path in the source. Without p_run_id, return the version that searches return. '
  'Returns no row if the caller may not read such a document. p_as is passed to graphdb.principals. '
  'TB001: several documents have this path or URL. The hint lists them.';
revoke all on function graphdb.find_document(text, text, text[]) from public;
