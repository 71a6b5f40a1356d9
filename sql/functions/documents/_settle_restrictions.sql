-- Move chunks of these documents and their vectors to the correct indexes after the readers of the documents changed. From
-- the next refresh_search on, words that everybody may now read also correct typos. The caller must hold _marks_lock.
create or replace function graphdb._settle_restrictions(p_doc_ids text[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_restricted bytea[];
  v_opened bytea[];
begin
  with restricted as (
    update graphdb.chunks as c
    set is_restricted = true
    from graphdb.documents as d
    where d.doc_id = any (p_doc_ids) and d.readers is not null
      and c.run_id = d.run_id and c.doc_id = d.doc_id and c.revision = d.revision and not c.is_restricted
    returning c.input_sha256
  )
  select array_agg(restricted.input_sha256) into v_restricted from restricted;
  with opened as (
    update graphdb.chunks as c
    set is_restricted = false
    from graphdb.documents as d
    where c.doc_id = any (p_doc_ids) and c.is_restricted
      and d.run_id = c.run_id and d.doc_id = c.doc_id and d.revision = c.revision and d.readers is null
    returning c.input_sha256
  ), pending as (
    insert into graphdb.vocabulary_pending (input_sha256) select o.input_sha256 from opened as o
  )
  select array_agg(opened.input_sha256) into v_opened from opened;
  if v_restricted is not null or v_opened is not null then
    perform graphdb._settle_vectors(v_restricted || v_opened, true);
  end if;
end
$$;

comment on function graphdb._settle_restrictions(text[]) is
  'Move chunks of these documents and their vectors to the correct indexes after the readers of the documents changed.';
revoke all on function graphdb._settle_restrictions(text[]) from public;
