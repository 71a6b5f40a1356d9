select array_agg(msg_id) as ids from pgmq.read('bench', 2700, :batch::integer) \gset
select count(*) from pgmq.delete('bench', :ids::bigint[]);
