-- Creates a queue with :runs jobs, a worker for each client, and :finished successful jobs with their events.
truncate procrastinate_jobs, procrastinate_events, procrastinate_workers restart identity cascade;
insert into procrastinate_workers select from generate_series(1, 64);
set session_replication_role = replica;
insert into procrastinate_jobs (queue_name, task_name, args, status, attempts, worker_id)
select 'bench', 'bench', jsonb_build_object('run_id', 'old-' || lpad(i::text, 8, '0')), 'succeeded', 1, 1
from generate_series(1, :finished) as i;
insert into procrastinate_jobs (queue_name, task_name, args)
select 'bench', 'bench', jsonb_build_object('run_id', 'run-' || lpad(i::text, 8, '0'))
from generate_series(1, :runs) as i;
insert into procrastinate_events (job_id, type)
select j.id, e.type
from procrastinate_jobs as j, unnest('{deferred,started,succeeded}'::procrastinate_job_event_type[]) as e(type)
where j.status = 'succeeded' or e.type = 'deferred';
reset session_replication_role;
vacuum analyze procrastinate_jobs, procrastinate_events, procrastinate_workers;
checkpoint;
