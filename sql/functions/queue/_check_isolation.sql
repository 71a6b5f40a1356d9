-- Reject every isolation level except read committed (TB001). The callers wait for a lock and then count and compare
-- rows. An older snapshot would not contain what other transactions committed in the meantime.
create or replace function graphdb._check_isolation()
returns void
language plpgsql
stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_level constant text := current_setting('transaction_isolation');
begin
  if v_level in ('repeatable read', 'serializable') then
    raise exception 'the transaction has the isolation level %, not read committed', v_level
      using errcode = 'TB001',
            hint = 'Begin the transaction with "begin isolation level read committed", or set default_transaction_isolation = ''read committed''.';
  end if;
end
$$;

comment on function graphdb._check_isolation() is
  'Reject every isolation level except read committed (TB001). '
  'With an older snapshot, the caller would not see what other transactions committed while it waited for a lock.';
revoke all on function graphdb._check_isolation() from public;
