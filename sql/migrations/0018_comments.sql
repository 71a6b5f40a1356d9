-- Replace the comments of earlier migrations.
comment on sequence graphdb.claim_tokens is 'Issues the claim tokens. A token is never issued twice';
comment on table graphdb.processed_runs is
  'The backlog, with one row for each run (ingest batch). Only the functions of this schema write to it';
comment on column graphdb.processed_runs.run_id is
  'Name of the run and its folder: at most 128 letters, digits, ".", "_" and "-"';
comment on column graphdb.processed_runs.source is 'confluence, dita, mixed, or another name from the caller';
comment on column graphdb.processed_runs.normalized_at is
  'Time at which the documents were normalized. The oldest run is claimed first';
comment on column graphdb.processed_runs.total_docs is 'Number of documents in the run, counted by register_run';
comment on column graphdb.processed_runs.content_sha256 is
  'Hash of the documents, from which register_run detects changes';
comment on column graphdb.processed_runs.priority is 'Runs with a higher priority are claimed first';
comment on column graphdb.processed_runs.total_chunks is
  'Number of chunks in the run, counted by complete_run. Null if the run has no chunks yet or they were deleted';
comment on column graphdb.processed_runs.embedded_chunks is
  'Number of chunks with a vector, counted by complete_run in the same transaction';
comment on column graphdb.processed_runs.embedding_model is 'Model with which the run was last embedded';
comment on column graphdb.processed_runs.wants_vectors is
  'Whether the run needs its vectors. False after a reset of its embeddings. A vector that no run needs may be deleted';
comment on column graphdb.processed_runs.claimed_by is 'Worker that has claimed the run, as host/pid/thread';
comment on column graphdb.processed_runs.claim_expires_at is
  'End of the lease by the clock of the database. renew_claim extends it';
comment on column graphdb.processed_runs.claimed_from is
  'Status of the run before the claim, to which it returns if the claim ends without completion';
comment on column graphdb.processed_runs.claim_progress is
  'Number of items finished under this claim, as last reported by the worker';
comment on column graphdb.processed_runs.claim_token is
  'Fencing token. It changes at every claim, release, failure, expiry, reset and re-registration';
comment on column graphdb.processed_runs.attempts is
  'Number of failures and expired leases since the last completed phase or reset';
comment on column graphdb.processed_runs.available_at is 'End of the back-off. Null if the run is not in back-off';
comment on function graphdb._keeps_rules(graphdb.processed_runs) is
  'Check the rules of a run. If a rule is broken, raise check_violation with its name. A migration that changes this function must check all rows again';
comment on table graphdb.run_attempts is
  'The history of claims that "runs show" prints: one row for each claim that has ended, with its outcome';
comment on column graphdb.run_attempts.outcome is
  'completed, released, failed, expired, reset (with force, or after the lease had expired) or superseded (by new content)';
comment on column graphdb.documents.content_sha256 is
  'SHA-256 of all columns except run_id and the marks of versions, computed by load_documents';
comment on column graphdb.documents.is_newest is
  'Whether this is the newest version of the document. True for one current row of each doc_id';
comment on column graphdb.documents.is_searched is
  'Whether a search shows this version: the newest version with vectors or, if there is none, the newest with chunks. '
  'True for at most one row of each doc_id, and for none if the document is not findable';
comment on column graphdb.documents.is_findable is
  'Whether a search may show the document. False if its metadata contains searchable: false';
comment on column graphdb.documents.language is
  'Language of the document, such as german, or the ISO code of a language without a stemmer. It determines the text search configuration of the chunks. Null means unknown: the document is stemmed as English';
comment on column graphdb.documents.revision is
  'Number of the revision. It increases when the title or body of the document changes, and when its chunks are made in another way';
comment on column graphdb.documents.is_current is
  'Whether this is the current revision in the run. If not, a search shows it until it can find the current one';
comment on table graphdb.chunks is 'The chunks of each document. Exactly their text is embedded';
comment on column graphdb.chunks.byte_start is 'Position of the first byte of the chunk in documents.body';
comment on column graphdb.chunks.byte_end is 'Position after the last byte of the chunk in documents.body';
comment on column graphdb.chunks.heading_path is 'Title of the document and headings above the chunk';
comment on column graphdb.chunks.token_count is
  'Number of tokens in the text under the embedding model, including special tokens';
comment on column graphdb.chunks.input_sha256 is
  'SHA-256 of the text, which is the key of its vectors in graphdb.embeddings';
comment on column graphdb.chunks.language is
  'Text search configuration for stemming the chunk. It is the same as for the document';
comment on column graphdb.chunks.search_vector is
  'Words of the headings and the text, stemmed in the language of the document, and names with an equals sign before them. graphdb.search uses them';
comment on column graphdb.chunks.revision is 'Revision of the document to which the chunk belongs';
comment on table graphdb.embedding_models is 'The registered embedding models';
comment on column graphdb.embedding_models.normalized is 'Whether every vector has unit length';
comment on column graphdb.embedding_models.max_tokens is
  'Number of tokens in a text that the model reads, including special tokens. A server may read more than this, but not less. Null: unknown';
comment on table graphdb.embeddings is 'One vector for each text and model, even if several runs contain the text';
comment on table graphdb.stale_embeddings is
  'Vectors that a reset marked as stale. A search uses them until the embed phase replaces them';
comment on table graphdb.document_vectors is
  'The mean vector of each document. It is stored when all chunks have a vector, and deleted when the chunks change';
comment on table graphdb.vocabulary is
  'Words and names in the chunks, in lower case. A search corrects typing errors with them';
comment on column graphdb.vocabulary.trigrams is
  'All sequences of three characters in the word with a blank before and after it';
comment on table graphdb.vocabulary_pending is
  'Texts of chunks whose words graphdb.refresh_search has not yet added to the vocabulary';
comment on column graphdb.processed_runs.input is
  'Source of the documents, as reported by the normalize phase. Null if unknown';
comment on column graphdb.processed_runs.chunking is
  'How the chunks were made, as described by the worker. A worker with the same description only chunks documents without chunks';
comment on function graphdb._search_text(text) is
  'Return a text in lower case and in one Unicode form (NFKC), without characters that only join or hyphenate. Accents are kept';
comment on function graphdb._search_fold(text) is
  'Remove accents from Latin and Greek letters and the Cyrillic ё in a text from _search_text';
comment on function graphdb._search_words(text) is
  'Return the words of a text in lower case, separated by blanks. '
  'Every character that is not a letter, mark or number in Unicode separates words. Text in scripts without spaces becomes pairs of characters';
comment on function graphdb._search_tokens(text) is
  'Return each word of a text, as _search_words finds it, with its position';
comment on function graphdb._search_lexemes(text, text) is
  'Return the lexemes of a word in a language, without accents. Returns none for a stop word';
comment on function graphdb._search_names(text, boolean) is
  'Return the names in a text: identifiers, versions, codes, paths and options. With p_parts, also return the parts by which a name may be known';
comment on function graphdb._search_lexed(text, text) is
  'Return the words of a text in a language as a tsvector, and its names with an equals sign before them';
comment on function graphdb._search_vector(text, text[], text) is
  'Return the words of a chunk as a tsvector. Words in headings have weight A';
