-- Return the condition for runs (as r) that wait for a phase: due, in back-off, or under a claim with an expired lease.
-- Paused runs do not wait.
create or replace function graphdb._waiting_condition(p_phase text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
-- The condition contains a time as text. This setting ensures that it is parsed correctly.
set datestyle = 'ISO'
as $$
  select format(
    case p_phase
      when 'chunk' then
        '(r.status in (''normalized'', ''reset'') or r.status = ''chunking'' and r.claim_expires_at <= %1$L) and r.paused_at is null'
      when 'embed' then
        '(r.status = ''chunked'' or r.status = ''reset'' and r.total_chunks is not null
          or r.status = ''embedding'' and r.claim_expires_at <= %1$L) and r.paused_at is null'
    end,
    graphdb.clock())
$$;

comment on function graphdb._waiting_condition(text) is
  'Return the SQL condition for runs (as r) that wait for a phase: due, in back-off, or under a claim with an expired lease. Paused runs do not wait.';
revoke all on function graphdb._waiting_condition(text) from public;
