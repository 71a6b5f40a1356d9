-- squawk-ignore-file ban-drop-function, adding-field-with-default, require-concurrent-index-creation, require-concurrent-index-deletion
-- Documents have readers, and database roles have principals that they read as.

create or replace function graphdb._document_readers(p_meta jsonb, p_newer_readers jsonb)
returns jsonb
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select nullif(
    coalesce(p_newer_readers, '[]') || case
      when coalesce(p_meta -> 'readers', 'null') = 'null' then '[]'
      -- A single list, which may be empty.
      when jsonb_typeof(p_meta -> 'readers') = 'array' and not jsonb_path_exists(p_meta, 'strict $.readers[*] ? (@.type() != "string")')
        then jsonb_build_array(p_meta -> 'readers')
      -- A list of lists of names.
      when jsonb_typeof(p_meta -> 'readers') = 'array' and not jsonb_path_exists(p_meta, 'strict $.readers[*] ? (@.type() != "array")')
        and not jsonb_path_exists(p_meta, 'strict $.readers[*][*] ? (@.type() != "string")')
        then p_meta -> 'readers'
      -- Invalid, so nobody may read the document.
      else '[[]]'
    end,
    '[]')
$$;
comment on function graphdb._document_readers(jsonb, jsonb) is
  'Return who may read a document: the lists under "readers" in its metadata, and those of a newer version. '
  'A migration that changes this function must recompute documents.readers';
revoke all on function graphdb._document_readers(jsonb, jsonb) from public;

alter table graphdb.documents add column if not exists newer_readers jsonb;
comment on column graphdb.documents.newer_readers is
  'The readers of the newest version of the document, if this version is older. A page that becomes restricted is hidden at once, in all versions';
alter table graphdb.documents add column if not exists readers jsonb
  generated always as (graphdb._document_readers(meta, newer_readers)) stored;
comment on column graphdb.documents.readers is
  'Who may read the document: lists of user:NAME and group:NAME, one for each restricted page on its path. '
  'A reader must be named in every list. Null: everybody';
create index if not exists ix_documents_restricted on graphdb.documents (run_id, doc_id) where readers is not null;

-- A principal that may not read the newest version of a document may not read its older versions either.
update graphdb.documents as d
set newer_readers = n.readers
from graphdb.documents as n
where n.doc_id = d.doc_id and n.is_newest and not d.is_newest and n.readers is distinct from d.newer_readers;

create table if not exists graphdb.role_principals (
  role text primary key,
  principals text[] not null default '{}',
  reads_all boolean not null default false,
  constraint role_is_named check (role <> ''),
  constraint principals_are_not_null check (array_position(principals, null) is null)
);
comment on table graphdb.role_principals is
  'The principals that grant_role gave to database roles. Without a row, a role and its callers see only documents that everybody may read';
comment on column graphdb.role_principals.principals is
  'Principals as user:NAME and group:NAME, with the names that the sources use';
comment on column graphdb.role_principals.reads_all is
  'The role may read on behalf of any principal, so it can pass on the principals of its own callers';

-- Restricted chunks have a separate index. Therefore a full-text search reads nothing of the documents that its caller may not read:
-- neither the weights of words nor the response time reveal anything about them.
alter table graphdb.chunks add column if not exists is_restricted boolean not null default false;
comment on column graphdb.chunks.is_restricted is
  'The document has readers. This only determines which index contains the chunk: documents.readers decides who sees it';
update graphdb.chunks as c
set is_restricted = d.readers is not null
from graphdb.documents as d
where d.run_id = c.run_id and d.doc_id = c.doc_id and d.revision = c.revision and c.is_restricted is distinct from (d.readers is not null);
create index if not exists ix_chunks_open_words on graphdb.chunks using gin ((case when not is_restricted then search_vector end));
create index if not exists ix_chunks_restricted_words on graphdb.chunks using gin ((case when is_restricted then search_vector end));
create index if not exists ix_chunks_restricted on graphdb.chunks (doc_id) where is_restricted;
drop index if exists graphdb.ix_chunks_search;
-- The planner does not use statistics of these columns, and collecting them takes most of the time of ANALYZE.
alter table graphdb.chunks alter column text set statistics 0;
alter table graphdb.chunks alter column search_vector set statistics 0;
create index if not exists ix_documents_open on graphdb.documents (run_id, doc_id, revision) where is_searched and readers is null;
create index if not exists ix_documents_readers on graphdb.documents using gin (readers jsonb_path_ops) where is_searched;

-- The parameters or the returned columns of these functions have changed.
drop function if exists graphdb._corrected_question(text, text[], text);
drop function if exists graphdb._corrected_word(text, text[], text);
drop function if exists graphdb._is_shown_word(text, text[], text);
drop function if exists graphdb._search_demand(text, jsonb, text[]);
drop function if exists graphdb._search_reach(text, tsquery, float8);
drop function if exists graphdb._search_terms(text, text[], float8);
drop function if exists graphdb.grant_role(text, text);
drop function if exists graphdb._search_languages();
drop function if exists graphdb.find_document(text, text);
drop function if exists graphdb.describe_documents(text[], text[]);
drop function if exists graphdb.run_contents(text, text, integer);
drop function if exists graphdb.run_losses(text);
drop function if exists graphdb.chunk_sizes(text, integer);
drop function if exists graphdb.chunk_start(text, text, integer);
drop function if exists graphdb.list_labels();

-- These functions identify the caller. Policies depend on them, so only a migration can change them.

create or replace function graphdb.may_read(p_readers jsonb, p_principals jsonb)
returns boolean
language sql
immutable
parallel safe
as $$
  select p_readers is null
    or not pg_catalog.jsonb_path_exists(p_readers, 'strict $[*] ? (!(@[*] == $as[*]))'::pg_catalog.jsonpath, p_principals)
$$;
comment on function graphdb.may_read(jsonb, jsonb) is
  'Return whether a document with these readers (documents.readers) may be shown to these principals (graphdb.principals). '
  'Each list of readers must contain one of them.';
revoke all on function graphdb.may_read(jsonb, jsonb) from public;

create or replace function graphdb.reads_all()
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
      select from pg_namespace as n
      where n.nspname = 'graphdb' and pg_has_role(graphdb._caller()::name, n.nspowner, 'usage'))
    or exists (
      select from graphdb.role_principals as r
      join pg_roles as o on o.rolname = r.role
      where r.reads_all and pg_has_role(graphdb._caller()::name, o.oid, 'usage'));
end
$$;
comment on function graphdb.reads_all() is
  'Return whether the caller may read as any principal. The owner may, and so may roles that grant_role gave this right.';
revoke all on function graphdb.reads_all() from public;

-- A role has the principals that grant_role gave to it, or to a role that it is a member of. p_as selects some of them, and an empty list
-- selects none. The owner and roles that may read as any principal have exactly the principals in p_as.
create or replace function graphdb.principals(p_as text[] default null)
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_granted text[];
begin
  if graphdb.reads_all() then
    return jsonb_build_object('as', to_jsonb(coalesce(p_as, '{}')));
  end if;
  v_granted := array(
    select distinct p.principal
    from graphdb.role_principals as r
    join pg_roles as o on o.rolname = r.role
    cross join unnest(r.principals) as p (principal)
    where pg_has_role(graphdb._caller()::name, o.oid, 'usage')
    order by p.principal);
  return jsonb_build_object('as', to_jsonb(case
    when p_as is null then v_granted
    else array(select a.principal from unnest(p_as) as a (principal) where a.principal = any (v_granted))
  end));
end
$$;
comment on function graphdb.principals(text[]) is
  'Return the principals that the caller reads as. For a role, they are the principals that it was granted, or those of them that are in p_as. '
  'For the owner and roles that may read as any principal, they are those in p_as. '
  'With {"as": []}, the caller sees only what everybody may read.';
revoke all on function graphdb.principals(text[]) from public;

-- These policies decide what a role sees when it selects from the tables. The functions run as the owner, whom no policy restricts.
alter table graphdb.documents enable row level security;
drop policy if exists documents_for_their_readers on graphdb.documents;
create policy documents_for_their_readers on graphdb.documents for select
  using (readers is null or (select graphdb.reads_all()) or graphdb.may_read(readers, (select graphdb.principals())));
alter table graphdb.chunks enable row level security;
drop policy if exists chunks_of_readable_documents on graphdb.chunks;
create policy chunks_of_readable_documents on graphdb.chunks for select
  using (exists (
    select from graphdb.documents as d where d.run_id = chunks.run_id and d.doc_id = chunks.doc_id and d.revision = chunks.revision));
alter table graphdb.embeddings enable row level security;
drop policy if exists vectors_of_readable_chunks on graphdb.embeddings;
create policy vectors_of_readable_chunks on graphdb.embeddings for select
  using (exists (select from graphdb.chunks as c where c.input_sha256 = embeddings.input_sha256));
