-- Creates a queue with :runs messages, and :finished archived messages.
select pgmq.drop_queue('bench') where exists (select from pgmq.meta where queue_name = 'bench');
select pgmq.create('bench');
insert into pgmq.a_bench (msg_id, read_ct, enqueued_at, last_read_at, vt, message)
select -i, 1, t, t, t, jsonb_build_object('run_id', 'old-' || lpad(i::text, 8, '0'))
from generate_series(1, :finished) as i, lateral (select now() - interval '9 days' + i * interval '1 ms') as old(t);
insert into pgmq.q_bench (vt, message)
select clock_timestamp(), jsonb_build_object('run_id', 'run-' || lpad(i::text, 8, '0'))
from generate_series(1, :runs) as i;
vacuum analyze pgmq.q_bench, pgmq.a_bench;
checkpoint;
