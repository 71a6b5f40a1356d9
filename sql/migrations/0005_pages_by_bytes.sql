-- squawk-ignore-file ban-drop-function
-- run_documents takes p_max_bytes too.
drop function if exists graphdb.run_documents(text, text, integer);
