-- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
-- The number of tokens that each model reads, and chunks for documents that have only a title.
alter table graphdb.embedding_models add column if not exists max_tokens integer;
alter table graphdb.embedding_models drop constraint if exists max_tokens_is_positive;
alter table graphdb.embedding_models add constraint max_tokens_is_positive check (max_tokens > 0);
comment on column graphdb.embedding_models.max_tokens is
  'Number of tokens in a text that the model reads, including special tokens. A server may read more than this, but not less. Null: unknown';

alter table graphdb.chunks drop constraint if exists byte_range_in_order;
alter table graphdb.chunks drop constraint if exists byte_range_is_filled_or_of_the_title;
alter table graphdb.chunks add constraint byte_range_is_filled_or_of_the_title
  check (0 <= byte_start and byte_start < byte_end or (byte_start, byte_end) = (0, 0));
