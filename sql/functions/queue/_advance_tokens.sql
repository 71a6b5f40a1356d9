-- Move the sequence of claim tokens past every stored token, if it is behind, and return the next token. A worker of the database
-- that was copied may hold newer tokens than the copy has: the sequence skips a million, so that none of them is given out again.
create or replace function graphdb._advance_tokens()
returns bigint
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_lag bigint;
begin
  -- One at a time, and looked at under the lock: a second move could else set the sequence back.
  perform pg_advisory_xact_lock(graphdb._tokens_lock());
  v_lag := graphdb.token_lag();
  if v_lag > 0 then
    perform setval('graphdb.claim_tokens', nextval('graphdb.claim_tokens') + v_lag + 1000000);
  end if;
  return nextval('graphdb.claim_tokens');
end
$$;

comment on function graphdb._advance_tokens() is
  'Move the sequence of claim tokens past every stored token, if it is behind, and return the next token.';
revoke all on function graphdb._advance_tokens() from public;
