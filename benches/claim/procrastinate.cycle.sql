select id, status, task_name, priority, lock, queuing_lock, args, scheduled_at, queue_name, attempts, worker_id
from procrastinate_fetch_job_v2(null::varchar[], :client_id::bigint + 1) \gset
select procrastinate_finish_job_v1(:id::bigint, 'succeeded', false);
