-- The rules of a run are checked for every write, even by the owner of the table. With its own search_path, the function
-- never calls a function or operator of another role.
alter function graphdb._keeps_rules(graphdb.processed_runs) set search_path = pg_catalog, pg_temp;
