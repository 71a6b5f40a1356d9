-- A trailblazer worker in plain psql. It processes one phase of one run and prints the run, or prints nothing if no run is due.
\set ON_ERROR_STOP on
\set QUIET on
\pset tuples_only on
\pset format unaligned
set application_name = 'worker.sql';

select graphdb.require_schema(21) \g /dev/null
select graphdb.register_model('example-psql', 'example', 384) \g /dev/null
select format('%s/%s/0', coalesce(host(inet_client_addr()), 'local'), pg_backend_pid()) as worker \gset

-- Chunked runs have priority. The query uses aggregates, because \gset needs exactly one row.
select count(*) > 0 as claimed, max(r.run_id) as run_id, max(r.claim_token) as token
from graphdb.claim_runs('embed', :'worker', '45 minutes', 1, '{"status": ["chunked"]}') as r \gset
\if :claimed
  -- A vector that counts words. Replace it with a real model. pending_inputs returns only texts without a vector.
  select graphdb.store_embeddings(:token, 'example-psql', array_agg(t.input_sha256), array_agg(t.embedding))
  from (
    select p.input_sha256, l2_normalize(array_agg(v.words order by v.bucket)::real[]::vector) as embedding
    from graphdb.pending_inputs(:'run_id', 'example-psql', p_limit => 1000000) as p
    cross join lateral (
      select b.bucket, count(w.word) as words
      from generate_series(0, 383) as b (bucket)
      left join regexp_split_to_table(lower(p.text), '\W+') as w (word) on (hashtext(w.word) & 2147483647) % 384 = b.bucket
      group by b.bucket
    ) as v
    group by p.input_sha256
  ) as t
  having count(*) > 0 \g /dev/null
  select format('embed %s', run_id) from graphdb.complete_run(:'run_id', 'embed', :token, 'example-psql');
  \quit
\endif

select count(*) > 0 as claimed, max(r.run_id) as run_id, max(r.claim_token) as token
from graphdb.claim_run('chunk', :'worker') as r \gset
\if :claimed
  -- Store new chunks and complete the phase in one transaction. Documents are split at blank lines.
  begin;
  select graphdb.create_staging() \g /dev/null
  insert into pg_temp.staged_chunks (doc_id, ord, byte_start, byte_end, heading_path, kind, token_count, text)
  select p.doc_id, p.ord - 1, p.byte_end - octet_length(p.part), p.byte_end, array[p.title], 'text',
         cardinality(regexp_split_to_array(p.part, '\s+')), p.title || E'\n' || btrim(p.part, E' \n')
  from (
    select d.doc_id, d.title, m.match[1] as part, m.ord,
           sum(octet_length(m.match[1])) over (partition by d.doc_id order by m.ord) as byte_end
    from graphdb.run_documents(:'run_id', '', 1000000) as d
    cross join lateral regexp_matches(d.body, '.+?(?:\n\n|$)', 'g') with ordinality as m (match, ord)
  ) as p
  where p.part ~ '\S';
  select graphdb.replace_chunks(:'run_id', :token) \g /dev/null
  select format('chunk %s', run_id) from graphdb.complete_run(:'run_id', 'chunk', :token);
  commit;
\endif
