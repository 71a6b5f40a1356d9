-- The next claim token of a run whose last one was p_last. When the sequence gives no larger one, it is behind, as after a copy of
-- the tables without it, and is moved first: a token that was once taken away must never come back.
-- Inlined, and bound when it is created, so that a claim pays nothing for it and the caller's path does not matter.
create or replace function graphdb._next_token(p_last bigint)
returns bigint
language sql
volatile
return coalesce(nullif(greatest(nextval('graphdb.claim_tokens'), p_last), p_last), graphdb._advance_tokens());

comment on function graphdb._next_token(bigint) is
  'The next claim token of a run whose last one was p_last: larger, even if the sequence was set back.';
revoke all on function graphdb._next_token(bigint) from public;
