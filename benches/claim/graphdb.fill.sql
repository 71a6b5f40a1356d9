-- A fresh backlog of :runs runs without documents: what is left is the backlog itself.
truncate graphdb.processed_runs, graphdb.run_attempts cascade;
insert into graphdb.processed_runs (run_id, source, normalized_at)
select 'run-' || lpad(i::text, 8, '0'), 'dita', now() - interval '1 day' + i * interval '1 ms'
from generate_series(1, :runs) as i;
vacuum analyze graphdb.processed_runs, graphdb.run_attempts;
checkpoint;
