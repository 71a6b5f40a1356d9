-- Return how many tokens the sequence graphdb.claim_tokens would issue a second time. The result is 0 unless the tables were
-- copied without the sequence, or the sequence was set to an earlier value.
create or replace function graphdb.token_lag()
returns bigint
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
  select greatest(0, stored.largest - (s.last_value + s.is_called::integer) + 1)
  from graphdb.claim_tokens as s
  cross join (
    select greatest(
      (select max(r.claim_token) from graphdb.processed_runs as r),
      (select max(a.claim_token) from graphdb.run_attempts as a)) as largest
  ) as stored
$$;

comment on function graphdb.token_lag() is
  'Return how many tokens the sequence graphdb.claim_tokens would issue a second time. '
  'The result is 0 unless the tables were copied without the sequence, or the sequence was set to an earlier value. trailblazer db migrate corrects the sequence.';
revoke all on function graphdb.token_lag() from public;
