select jsonb_agg(jsonb_build_object('task_id', id, 'attempt', attempt, 'lease_token', lease_token, 'has_result', false)) as completions
from pgtask.claim('bench', '00000000-0000-0000-0000-000000000001', '{bench}', '{1}', :batch::integer, 2700000) \gset
select count(*) from pgtask.complete_tasks(:completions::jsonb);
