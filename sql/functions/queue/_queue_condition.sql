-- Return the condition for runs (as r) in a queue. It is exactly the predicate of the queue's index.
create or replace function graphdb._queue_condition(p_phase text)
returns text
language sql
immutable
parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case p_phase
    when 'chunk' then '(r.status in (''normalized'', ''reset'') and r.available_at is null and r.paused_at is null)'
    when 'embed' then
      '((r.status = ''chunked'' or r.status = ''reset'' and r.total_chunks is not null) and r.available_at is null and r.paused_at is null)'
  end
$$;

comment on function graphdb._queue_condition(text) is
  'Return the SQL condition for runs (as r) in a queue. It is exactly the predicate of the index for this queue.';
revoke all on function graphdb._queue_condition(text) from public;
