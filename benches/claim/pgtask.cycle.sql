select id, attempt, lease_token
from pgtask.claim('bench', '00000000-0000-0000-0000-000000000001', '{bench}', '{1}', 1, 2700000) \gset
select pgtask.complete_task(:id::uuid, :attempt::integer, :lease_token::uuid, null);
