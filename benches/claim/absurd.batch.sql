select array_agg(run_id) as ids from absurd.claim_task('bench', 'host/4242/1', 2700, :batch::integer) \gset
select count(absurd.complete_run('bench', c.id)) from unnest(:ids::uuid[]) as c(id);
