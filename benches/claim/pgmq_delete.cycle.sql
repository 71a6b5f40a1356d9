select msg_id from pgmq.read('bench', 2700, 1) \gset
select pgmq.delete('bench', :msg_id::bigint);
