-- Refuse a phase that does not exist.
create or replace function graphdb._check_phase(p_phase text)
returns void
language plpgsql
immutable
as $$
begin
  if p_phase is null or p_phase not in ('chunk', 'embed') then
    raise exception 'unknown phase %', coalesce(quote_literal(p_phase), 'null')
      using errcode = 'TB001', hint = 'Pass ''chunk'' or ''embed''.';
  end if;
end
$$;

comment on function graphdb._check_phase(text) is 'Refuse a phase that does not exist (TB001).';
revoke all on function graphdb._check_phase(text) from public;
