-- squawk-ignore-file ban-drop-function
-- run_documents has the new parameter p_max_bytes.
drop function if exists graphdb.run_documents(text, text, integer);
