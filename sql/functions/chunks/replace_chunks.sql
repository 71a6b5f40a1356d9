-- Make a run's chunks equal to the session's staged_chunks, under the claim. Only chunks that differ are written: to find the
-- words of a text takes longer than all else here. Returns how many there are.
create or replace function graphdb.replace_chunks(p_run_id text, p_claim_token bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_run graphdb.processed_runs;
begin
  perform graphdb._check_staging('staged_chunks');
  v_run := graphdb._locked_claim(p_run_id, p_claim_token);
  if v_run.status <> 'chunking' then
    raise exception 'claim % on run "%" is not for the chunk phase', p_claim_token, p_run_id
      using errcode = 'TB001', hint = format('The run is %s; claim it with graphdb.claim_run(''chunk'', …).', v_run.status);
  end if;

  delete from graphdb.chunks as c
  where c.run_id = p_run_id
    and not exists (
      select from pg_temp.staged_chunks as s
      where s.doc_id = c.doc_id and s.ord = c.ord
        and (s.byte_start, s.byte_end, s.heading_path, s.kind, s.token_count, s.text)
          = (c.byte_start, c.byte_end, c.heading_path, c.kind, c.token_count, c.text));
  insert into graphdb.chunks (run_id, doc_id, ord, byte_start, byte_end, heading_path, kind, token_count, text, input_sha256)
  select p_run_id, s.doc_id, s.ord, s.byte_start, s.byte_end, s.heading_path, s.kind, s.token_count, s.text,
         sha256(convert_to(s.text, 'UTF8'))
  from pg_temp.staged_chunks as s
  where not exists (select from graphdb.chunks as c where c.run_id = p_run_id and c.doc_id = s.doc_id and c.ord = s.ord);

  -- Not counted, so not to be embedded, until complete_run has verified them.
  update graphdb.processed_runs as r set total_chunks = null where r.run_id = p_run_id and r.total_chunks is not null;
  return (select count(*) from pg_temp.staged_chunks);
end
$$;

comment on function graphdb.replace_chunks(text, bigint) is
  'Make a run''s chunks equal to the session''s staged_chunks, under the claim, and write only those that differ; follow with complete_run in the same transaction. Returns how many there are. TB001: the claim is for another phase. TB002: claim lost.';
revoke all on function graphdb.replace_chunks(text, bigint) from public;
