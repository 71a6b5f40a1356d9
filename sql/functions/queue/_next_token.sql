-- Return the next claim token of a run whose last token was p_last. A token must never be issued twice. Therefore, if the
-- tables were copied without the sequence and it is behind, move it first. The function is inlined and its names are
-- resolved when it is created, so that claims stay fast and do not depend on the caller's search path.
create or replace function graphdb._next_token(p_last bigint)
returns bigint
language sql
volatile
return coalesce(nullif(greatest(nextval('graphdb.claim_tokens'), p_last), p_last), graphdb._advance_tokens());

comment on function graphdb._next_token(bigint) is
  'Return the next claim token of a run whose last token was p_last. It is larger than p_last even if the sequence was set to an earlier value.';
revoke all on function graphdb._next_token(bigint) from public;
