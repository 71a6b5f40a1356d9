select array_agg(run_id) as ids, array_agg(claim_token) as tokens
from graphdb.claim_runs('chunk', 'host/4242/1', '45 minutes', :batch::integer) \gset
select count(graphdb.complete_run(c.id, 'chunk', c.token)) from unnest(:ids::text[], :tokens::bigint[]) as c(id, token);
