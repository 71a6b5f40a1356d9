-- A fresh queue of :runs messages.
select pgmq.drop_queue('bench') where exists (select from pgmq.meta where queue_name = 'bench');
select pgmq.create('bench');
insert into pgmq.q_bench (vt, message)
select clock_timestamp(), jsonb_build_object('run_id', 'run-' || lpad(i::text, 8, '0'))
from generate_series(1, :runs) as i;
vacuum analyze pgmq.q_bench, pgmq.a_bench;
checkpoint;
