-- Return the next claim token of a run whose last token was p_last. If the tables were copied without the sequence, the
-- sequence may be behind. Then it is moved first, because a token must never be issued twice. This function is inlined
-- and bound when it is created, so that a claim does not get slower and the search path of the caller does not matter.
create or replace function graphdb._next_token(p_last bigint)
returns bigint
language sql
volatile
return coalesce(nullif(greatest(nextval('graphdb.claim_tokens'), p_last), p_last), graphdb._advance_tokens());

comment on function graphdb._next_token(bigint) is
  'Return the next claim token of a run whose last token was p_last. It is larger than p_last even if the sequence was set to an earlier value.';
revoke all on function graphdb._next_token(bigint) from public;
