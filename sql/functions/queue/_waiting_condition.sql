-- What makes a run (as r) wait for a phase, due or in back-off, or under a claim whose lease has run out.
create or replace function graphdb._waiting_condition(p_phase text)
returns text
language sql
stable
set search_path = pg_catalog, pg_temp
-- The time is written into the condition: read back, no other style is certain to mean the same.
set datestyle = 'ISO'
as $$
  select format(
    case p_phase
      when 'chunk' then
        'r.status in (''normalized'', ''reset'') or r.status = ''chunking'' and r.claim_expires_at <= %1$L'
      when 'embed' then
        'r.status = ''chunked'' or r.status = ''reset'' and r.total_chunks is not null or r.status = ''embedding'' and r.claim_expires_at <= %1$L'
    end,
    graphdb.clock())
$$;

comment on function graphdb._waiting_condition(text) is
  'The SQL condition that makes a run (as r) wait for a phase: due, in back-off, or under a claim whose lease has run out.';
revoke all on function graphdb._waiting_condition(text) from public;
