-- Convert a search filter to a SQL condition on graphdb.documents as d, with all values quoted. Every list, count and
-- suggestion of a search uses this condition. Only this function parses search filters. It decides which documents the
-- caller can see, so the check of the readers comes first. Without the key "as", the principals of the role are used.
create or replace function graphdb._shown_documents(p_filter jsonb)
returns text
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_principals jsonb;
  v_shown text := 'd.is_searched and d.readers is null';
  v_key text;
  v_value jsonb;
begin
  if jsonb_typeof(p_filter) <> 'object' then
    raise exception 'a filter is an object, not %', jsonb_typeof(p_filter)
      using errcode = 'TB001', hint = 'For example {"source": "dita", "label": "audience:administrator"}.';
  end if;

  -- Check the readers first. The conditions after this one can only exclude more documents.
  v_principals := graphdb._filter_principals(p_filter);
  if v_principals -> 'as' <> '[]' then
    v_shown := format('d.is_searched and graphdb.may_read(d.readers, %L::jsonb)', v_principals);
  end if;
  for v_key, v_value in select e.key, e.value from jsonb_each(p_filter) as e order by e.key loop
    case v_key
      when 'label' then
        v_shown := v_shown || format(' and d.labels && %L::text[]', graphdb._filter_texts(v_key, v_value));
      when 'run_ids' then
        v_shown := v_shown || format(' and d.run_id = any (%L::text[])', graphdb._filter_texts(v_key, v_value));
      when 'run_id_glob' then
        v_shown := v_shown || format(' and d.run_id like %L escape ''!''', graphdb._glob_to_like(graphdb._filter_text(v_key, v_value)));
      when 'source' then
        v_shown := v_shown || format(
          ' and exists (select from graphdb.processed_runs as r where r.run_id = d.run_id and r.source = any (%L::text[]))',
          graphdb._filter_texts(v_key, v_value));
      when 'ancestor' then
        v_shown := v_shown || format(' and d.breadcrumbs && %L::text[]', graphdb._filter_texts(v_key, v_value));
      when 'path' then
        v_shown := v_shown || format(' and d.path like any (%L::text[])', array(
          select p.pattern
          from unnest(graphdb._filter_texts(v_key, v_value)) as t (path)
          cross join lateral (
            -- Use the default escape character of LIKE, because LIKE ANY supports no other.
            select translate(graphdb._glob_to_like(rtrim(t.path, '/')), '!', e'\\') as pattern
            union all
            select translate(graphdb._glob_to_like(rtrim(t.path, '/')), '!', e'\\') || '/%' where t.path !~ '[*?]') as p));
      when 'language' then
        v_shown := v_shown || format(' and coalesce(d.language, ''english'') = any (%L::text[])', array(
          select graphdb._search_language(t.language) from unnest(graphdb._filter_texts(v_key, v_value)) as t (language)));
      when 'flag' then
        v_shown := v_shown || format(' and d.flags && %L::text[]', graphdb._filter_texts(v_key, v_value));
      when 'without_flag' then
        v_shown := v_shown || format(' and not d.flags && %L::text[]', graphdb._filter_texts(v_key, v_value));
      when 'updated' then
        v_shown := v_shown || graphdb._meta_condition('updated_at', v_value);
      when 'meta' then
        if jsonb_typeof(v_value) <> 'object' then
          raise exception 'filter key "meta" accepts an object, not %', v_value
            using errcode = 'TB001', hint = 'For example {"meta": {"status": "approved"}}.';
        end if;
        select v_shown || coalesce(string_agg(graphdb._meta_condition(e.key, e.value), '' order by e.key), '')
        into v_shown
        from jsonb_each(v_value) as e;
      when 'as' then
        null;  -- read above
      when 'without' then
        perform graphdb._filter_texts(v_key, v_value);  -- read by _search_demand
      else
        raise exception 'unknown filter key "%"', left(v_key, 140)
          using errcode = 'TB001',
                hint = 'Known keys: source, label, run_ids, run_id_glob, path, ancestor, language, flag, without_flag, updated, meta, without, as.';
    end case;
  end loop;
  return v_shown;
end
$$;

comment on function graphdb._shown_documents(jsonb) is
  'Convert a search filter to a SQL condition on documents as d that the caller may read. Reject unknown keys, wrong types and bad values (TB001).';
revoke all on function graphdb._shown_documents(jsonb) from public;
