-- Return the phase. Reject an unknown phase.
create or replace function graphdb._check_phase(p_phase text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_phase is null or p_phase not in ('chunk', 'embed') then
    raise exception 'unknown phase %', graphdb._shown(p_phase)
      using errcode = 'TB001', hint = 'Pass ''chunk'' or ''embed''.';
  end if;
  return p_phase;
end
$$;

comment on function graphdb._check_phase(text) is
  'Return the phase. Reject an unknown phase (TB001).';
revoke all on function graphdb._check_phase(text) from public;
