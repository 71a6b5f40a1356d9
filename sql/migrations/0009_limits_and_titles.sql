-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
-- How much of a text each model reads; and a chunk for a document that has only a title.
alter table graphdb.embedding_models add column if not exists max_tokens integer;
alter table graphdb.embedding_models drop constraint if exists max_tokens_is_positive;
alter table graphdb.embedding_models add constraint max_tokens_is_positive check (max_tokens > 0);
comment on column graphdb.embedding_models.max_tokens is
  'Tokens of a text that the model reads, special tokens included; null: not found out. A server may read more than this, but not less';

alter table graphdb.chunks drop constraint if exists byte_range_in_order;
alter table graphdb.chunks drop constraint if exists byte_range_is_filled_or_of_the_title;
alter table graphdb.chunks add constraint byte_range_is_filled_or_of_the_title
  check (0 <= byte_start and byte_start < byte_end or (byte_start, byte_end) = (0, 0));
