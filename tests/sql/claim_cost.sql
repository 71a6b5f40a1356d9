-- Measures the cost of a claim. A test calls this in its own database.

create schema if not exists claim_cost;

-- A backlog of so many finished and so many due runs.
create or replace procedure claim_cost.fill(p_finished integer, p_due integer)
language sql as $$
  truncate graphdb.processed_runs, graphdb.run_attempts cascade;
  insert into graphdb.processed_runs
    (run_id, source, normalized_at, status, chunk_completed_at, embed_completed_at, total_chunks, embedded_chunks, embedding_model)
  select 'done-' || lpad(i::text, 8, '0'), 'dita', now() - interval '10 days' + i * interval '1 ms', 'embedded', now(), now(), 0, 0, 'm'
  from generate_series(1, p_finished) as i;
  insert into graphdb.processed_runs (run_id, source, normalized_at)
  select 'run-' || lpad(i::text, 8, '0'), 'dita', now() - interval '1 day' + i * interval '1 ms'
  from generate_series(1, p_due) as i;
$$;

-- Blocks touched by one claim_run, what it calls included. Call it some times first: the first calls fill caches.
create or replace function claim_cost.blocks()
returns bigint
language plpgsql as $$
declare
  v_plan json;
begin
  execute 'explain (analyze, buffers, format json) select * from graphdb.claim_run(''chunk'', ''w'')' into v_plan;
  return (v_plan #>> '{0,Plan,Shared Hit Blocks}')::bigint + (v_plan #>> '{0,Plan,Shared Read Blocks}')::bigint;
end
$$;

-- Blocks touched by the probe that each claim begins with.
create or replace function claim_cost.probe_blocks()
returns bigint
language plpgsql as $$
declare
  v_plan json;
begin
  execute 'explain (analyze, buffers, format json) select graphdb._wake_runs(now())' into v_plan;
  return (v_plan #>> '{0,Plan,Shared Hit Blocks}')::bigint + (v_plan #>> '{0,Plan,Shared Read Blocks}')::bigint;
end
$$;

-- Claims and completes the given number of runs, each in a transaction of its own.
create or replace procedure claim_cost.cycle(p_runs integer)
language plpgsql as $$
declare
  v_run graphdb.processed_runs;
begin
  for i in 1..p_runs loop
    select r.* into v_run from graphdb.claim_run('chunk', 'w') as r;
    commit;
    perform graphdb.complete_run(v_run.run_id, 'chunk', v_run.claim_token);
    commit;
  end loop;
end
$$;

-- The node types of the plan that picks a run: Limit, LockRows, Index Scan using ix_processed_runs_chunk_queue.
create or replace function claim_cost.plan(p_phase text)
returns text
language plpgsql as $$
declare
  v_plan json;
begin
  execute 'explain (format json) select r.run_id from graphdb.processed_runs as r where ' || graphdb._queue_condition(p_phase)
    || ' order by r.priority desc, r.normalized_at, r.run_id limit 1 for no key update skip locked' into v_plan;
  return concat_ws(' > ', v_plan #>> '{0,Plan,Node Type}', v_plan #>> '{0,Plan,Plans,0,Node Type}',
    v_plan #>> '{0,Plan,Plans,0,Plans,0,Node Type}', v_plan #>> '{0,Plan,Plans,0,Plans,0,Index Name}');
end
$$;
