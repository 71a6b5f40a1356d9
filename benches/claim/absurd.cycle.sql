select run_id from absurd.claim_task('bench', 'host/4242/1', 2700, 1) \gset
select absurd.complete_run('bench', :run_id::uuid);
