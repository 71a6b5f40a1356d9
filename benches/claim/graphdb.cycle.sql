select run_id, claim_token from graphdb.claim_run('chunk', 'host/4242/1') \gset
select status from graphdb.complete_run(:run_id, 'chunk', :claim_token);
