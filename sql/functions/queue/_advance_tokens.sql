-- If the sequence of claim tokens is behind the stored tokens, move it past them. Return the next token. The sequence
-- skips a million tokens. If the database is a copy, workers of the original database may hold newer tokens than the
-- copy contains.
create or replace function graphdb._advance_tokens()
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_lag bigint;
begin
  -- Check again under the lock. Otherwise, two concurrent calls could set the sequence to an earlier value.
  perform pg_advisory_xact_lock(graphdb._tokens_lock());
  v_lag := graphdb.token_lag();
  if v_lag > 0 then
    perform setval('graphdb.claim_tokens', nextval('graphdb.claim_tokens') + v_lag + 1000000);
  end if;
  return nextval('graphdb.claim_tokens');
end
$$;

comment on function graphdb._advance_tokens() is
  'If the sequence of claim tokens is behind the stored tokens, move it past them. Return the next token.';
revoke all on function graphdb._advance_tokens() from public;
