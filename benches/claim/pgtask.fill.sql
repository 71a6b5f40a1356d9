-- Creates a queue with :runs tasks, and :finished successful tasks with their attempts.
truncate pgtask.tasks, pgtask.attempts cascade;
insert into pgtask.queues (name) values ('bench') on conflict do nothing;
set session_replication_role = replica;
insert into pgtask.tasks (id, queue_name, task_name, handler_version, payload, state, attempt, run_at, completed_at)
select gen_random_uuid(), 'bench', 'bench', 1, jsonb_build_object('run_id', 'old-' || lpad(i::text, 8, '0')), 'succeeded', 1, t, t
from generate_series(1, :finished) as i, lateral (select now() - interval '1 day' + i * interval '1 ms') as old(t);
insert into pgtask.attempts (task_id, attempt, lease_token, worker_id, state, started_at, finished_at)
select id, 1, gen_random_uuid(), '00000000-0000-0000-0000-000000000001', 'succeeded', run_at, run_at from pgtask.tasks;
insert into pgtask.tasks (id, queue_name, task_name, handler_version, payload, run_at)
select gen_random_uuid(), 'bench', 'bench', 1, jsonb_build_object('run_id', 'run-' || lpad(i::text, 8, '0')),
       now() - interval '1 minute' + i * interval '1 us'
from generate_series(1, :runs) as i;
reset session_replication_role;
vacuum analyze pgtask.tasks, pgtask.attempts;
checkpoint;
