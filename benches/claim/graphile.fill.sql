-- Creates a queue with :runs jobs. Finished jobs are not kept.
truncate graphile_worker._private_jobs;
select count(*) from graphile_worker.add_jobs(array(
  select ('bench', json_build_object('run_id', 'run-' || lpad(i::text, 8, '0')), null, null, null, null, null, null)::graphile_worker.job_spec
  from generate_series(1, :runs) as i));
vacuum analyze graphile_worker._private_jobs, graphile_worker._private_tasks, graphile_worker._private_job_queues;
checkpoint;
