select array_agg(run_id) as ids, array_agg(claim_token) as tokens
from graphdb.claim_runs('chunk', 'host/4242/1', '45 minutes', :batch::integer) \gset
select count(*) from graphdb.complete_runs(:ids::text[], 'chunk', :tokens::bigint[]);
