-- Creates a queue with :runs jobs, and :finished completed jobs.
truncate pgboss.job;
insert into pgboss.job (name, data, policy, state, start_after, created_on, started_on, completed_on, keep_until)
select 'bench', jsonb_build_object('run_id', 'old-' || lpad(i::text, 8, '0')), 'standard', 'completed', t, t, t, t, now() + interval '14 days'
from generate_series(1, :finished) as i, lateral (select now() - interval '1 day' + i * interval '1 ms') as old(t);
insert into pgboss.job (name, data, policy, created_on)
select 'bench', jsonb_build_object('run_id', 'run-' || lpad(i::text, 8, '0')), 'standard', now() - interval '1 hour' + i * interval '1 ms'
from generate_series(1, :runs) as i;
vacuum analyze pgboss.job;
checkpoint;
