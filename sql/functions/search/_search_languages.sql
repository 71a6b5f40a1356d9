-- Return the text search configurations for the languages of the documents that searches return to these principals
-- (graphdb.principals). A question is parsed in each of these languages.
create or replace function graphdb._search_languages(p_principals jsonb default '{"as": []}')
returns text[]
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
  -- One probe of the index for each language.
  with recursive languages as (
    (select d.language from graphdb.documents as d where d.is_searched and d.language is not null and graphdb.may_read(d.readers, p_principals) order by d.language limit 1)
    union all
    select (
      select d.language from graphdb.documents as d where d.is_searched and d.language > l.language and graphdb.may_read(d.readers, p_principals)
      order by d.language limit 1)
    from languages as l
    where l.language is not null
  )
  select array(
    select graphdb._search_configuration(l.language) from languages as l where l.language is not null
    union
    select 'english'
    where not exists (select from languages as l where l.language is not null)
      or exists (select from graphdb.documents as d where d.is_searched and d.language is null and graphdb.may_read(d.readers, p_principals))
    order by 1)
$$;

comment on function graphdb._search_languages(jsonb) is
  'Return the text search configurations for the languages of the documents that searches return to these principals.';
revoke all on function graphdb._search_languages(jsonb) from public;
