-- squawk-ignore-file ban-drop-function
-- Drop a function that is now called graphdb.has_vectors, and _record_attempt with its earlier parameters. require_schema
-- rejects programs for an older schema.
drop function if exists graphdb.has_model(text);
drop function if exists graphdb._record_attempt(graphdb.processed_runs, text, text, integer, integer);
