-- The worker's name itself; none is refused.
create or replace function graphdb._check_worker(p_worker text)
returns text
language plpgsql
immutable
as $$
begin
  if coalesce(p_worker, '') = '' then
    raise exception 'a claim needs the name of its worker'
      using errcode = 'TB001', hint = 'Pass host/pid/thread, or any name that tells your workers apart.';
  end if;
  return p_worker;
end
$$;

comment on function graphdb._check_worker(text) is 'The worker''s name itself; none is refused (TB001).';
revoke all on function graphdb._check_worker(text) from public;
