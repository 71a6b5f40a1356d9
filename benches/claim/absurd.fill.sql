-- Creates a queue with :runs tasks, each with its first run, and :finished completed tasks. These are the rows that spawn_task,
-- claim_task and complete_run create.
select absurd.drop_queue('bench');
select absurd.create_queue('bench');
create temporary table filling as
select uuidv7(interval '-1 day' + i * interval '1 ms') as task_id, uuidv7(interval '-1 day' + i * interval '1 ms') as run_id,
       i <= :finished as finished, now() - interval '1 day' + i * interval '1 ms' as t,
       jsonb_build_object('run_id', 'run-' || lpad(i::text, 8, '0')) as params
from generate_series(1, :finished + :runs) as i;
insert into absurd.t_bench (task_id, task_name, params, enqueue_at, first_started_at, state, attempts, last_attempt_run)
select task_id, 'bench', params, t, case when finished then t end, case when finished then 'completed' else 'pending' end, 1, run_id
from filling;
insert into absurd.r_bench (run_id, task_id, attempt, state, available_at, claimed_by, claim_expires_at, started_at, completed_at, created_at)
select run_id, task_id, 1, case when finished then 'completed' else 'pending' end, t, case when finished then 'host/4242/1' end,
       case when finished then t + interval '45 minutes' end, case when finished then t end, case when finished then t end, t
from filling;
drop table filling;
vacuum analyze absurd.t_bench, absurd.r_bench, absurd.w_bench;
checkpoint;
