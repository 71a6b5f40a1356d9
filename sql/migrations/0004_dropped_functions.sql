-- squawk-ignore-file ban-drop-function
-- What is called otherwise now, graphdb.has_vectors, and what _record_attempt took before. Callers of an older schema are
-- refused by require_schema.
drop function if exists graphdb.has_model(text);
drop function if exists graphdb._record_attempt(graphdb.processed_runs, text, text, integer, integer);
