-- Refuse a claim for no known phase, by nobody, or for a lease out of range.
create or replace function graphdb._check_claim(p_phase text, p_worker text, p_ttl interval)
returns void
language plpgsql
immutable
as $$
begin
  if coalesce(p_worker, '') = '' then
    raise exception 'a claim needs the name of its worker'
      using errcode = 'TB001', hint = 'Pass host/pid/thread, or any name that tells your workers apart.';
  end if;
  perform graphdb._check_phase(p_phase), graphdb._check_ttl(p_ttl);
end
$$;

comment on function graphdb._check_claim(text, text, interval) is
  'Refuse a claim for no known phase, by nobody, or for a lease out of range (TB001).';
revoke all on function graphdb._check_claim(text, text, interval) from public;
