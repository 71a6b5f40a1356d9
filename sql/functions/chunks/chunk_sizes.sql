-- Return the sizes of a run's chunks: the number of chunks in each range of p_step tokens, smallest range first.
create or replace function graphdb.chunk_sizes(p_run_id text, p_step integer default 32)
returns table (from_tokens integer, chunks bigint)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select k.token_count / s.step * s.step, count(*)
  from graphdb._current_chunks(p_run_id) as k
  cross join (select graphdb._check_limit(p_step) as step) as s
  group by 1
  order by 1
$$;

comment on function graphdb.chunk_sizes(text, integer) is
  'Return the sizes of the chunks in a run: the number of chunks in each range of p_step tokens, smallest range first. '
  'TB001: p_step is below 1.';
revoke all on function graphdb.chunk_sizes(text, integer) from public;
