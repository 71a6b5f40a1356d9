-- The rules of a run are checked at every write, also by whoever writes to the table as its owner. With a path of its own,
-- the function finds no function or operator of another role.
alter function graphdb._keeps_rules(graphdb.processed_runs) set search_path = pg_catalog, pg_temp;
