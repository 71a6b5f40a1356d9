-- squawk-ignore-file adding-field-with-default
-- Documents that other documents use but that searches do not return, such as topics that exist only for reuse.
alter table graphdb.documents
  add column if not exists is_findable boolean not null
  generated always as ((meta -> 'searchable') is distinct from 'false'::jsonb) stored;
comment on column graphdb.documents.is_findable is
  'Whether a search may show the document. False if its metadata contains searchable: false';
comment on column graphdb.documents.is_searched is
  'Whether searches use this version: the newest version with vectors or, if there is none, the newest with chunks. At most one row of each doc_id';
