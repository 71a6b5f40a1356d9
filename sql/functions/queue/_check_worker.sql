-- The worker's name itself; an empty or a long one is refused.
create or replace function graphdb._check_worker(p_worker text)
returns text
language plpgsql
immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(p_worker, '') = '' then
    raise exception 'a claim needs the name of its worker'
      using errcode = 'TB001', hint = 'Pass host/pid/thread, or any name that tells your workers apart.';
  end if;
  return graphdb._check_name('the name of a worker', p_worker, 256);
end
$$;

comment on function graphdb._check_worker(text) is 'The worker''s name itself; an empty one, or one of more than 256 bytes, is refused (TB001).';
revoke all on function graphdb._check_worker(text) from public;
