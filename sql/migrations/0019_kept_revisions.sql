-- squawk-ignore-file ban-drop-function, require-concurrent-index-creation, require-concurrent-index-deletion
-- squawk-ignore-file adding-foreign-key-constraint, constraint-missing-not-valid, adding-field-with-default
-- A switch to another model keeps the chunks that belong to the previous model. Therefore switching back needs no work.

alter table graphdb.processed_runs add column if not exists chunkings jsonb not null default '{}';
comment on column graphdb.processed_runs.chunkings is
  'How the chunks were made for other models that the run was embedded with: an object of models and values of chunking';

alter table graphdb.documents add column if not exists kept_for integer;
comment on column graphdb.documents.kept_for is
  'The model that this revision has vectors under, if the revision is only kept for a switch back to that model. Its title and body are those of the current revision. Otherwise null';
alter table graphdb.documents drop constraint if exists document_is_kept_for_a_model;
alter table graphdb.documents add constraint document_is_kept_for_a_model foreign key (kept_for) references graphdb.embedding_models;
alter table graphdb.documents drop constraint if exists kept_revision_is_hidden;
alter table graphdb.documents add constraint kept_revision_is_hidden
  check (kept_for is null or not (is_current or is_newest or is_searched));
create unique index if not exists ix_documents_kept on graphdb.documents (kept_for, run_id, doc_id) where kept_for is not null;

drop index if exists graphdb.ix_documents_unsettled;
create index if not exists ix_documents_unsettled on graphdb.documents (run_id)
  where ((not is_searched and is_findable) or not is_current) and kept_for is null;

-- graphdb._missing_inputs replaces it.
drop function if exists graphdb._lacking_inputs(integer);

-- They have a new parameter: the principals of a caller.
drop function if exists graphdb.list_runs(jsonb);
drop function if exists graphdb.run_history(text);
drop function if exists graphdb.content_totals();
drop function if exists graphdb.backlog_history(interval, integer);
drop function if exists graphdb._hidden_documents();
