-- Lock the embed claim with this token until the transaction ends, so that it cannot be lost during a write. TB002: claim lost.
create or replace function graphdb._lock_embedding_claim(p_claim_token bigint)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock_shared(graphdb._vectors_lock());
  perform from graphdb.processed_runs as r
  where r.claim_token = p_claim_token and r.status = 'embedding' and r.claim_expires_at is not null
  for share;
  if not found then
    raise exception 'embed claim % is lost', p_claim_token
      using errcode = 'TB002', hint = 'The claim expired, or the run was reset or registered again. Stop the work on this run and claim a run again.';
  end if;
end
$$;

comment on function graphdb._lock_embedding_claim(bigint) is
  'Lock the embed claim with this token until the transaction ends. TB002: claim lost.';
revoke all on function graphdb._lock_embedding_claim(bigint) from public;
