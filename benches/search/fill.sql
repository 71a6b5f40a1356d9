-- Creates :chunks chunks of 100 words, ten per document, with a vector of 384 numbers for each. Words have the frequencies of natural
-- language (Zipf, 20,000 words). Vectors are near 500 centers, as vectors of documents are near topics.
select setseed(0.5);

insert into graphdb.processed_runs (run_id, source, total_docs, status, chunk_completed_at, total_chunks, normalized_at)
select format('run-%s', r), case r % 2 when 0 then 'dita' else 'confluence' end, 100, 'chunked', now(), 1000, now()
from generate_series(0, :chunks / 1000 - 1) as r;

insert into graphdb.documents (run_id, doc_id, title, labels, body, content_sha256, is_newest, is_searched)
select format('run-%s', d / 100), format('doc-%s', d), format('Document %s', d), array['in20-' || d % 20, 'in1000-' || d % 1000], '-', sha256('-'), true, true
from generate_series(0, :chunks / 10 - 1) as d;

insert into graphdb.chunks (run_id, doc_id, ord, byte_start, byte_end, kind, token_count, text, input_sha256)
select format('run-%s', n / 1000), format('doc-%s', n / 10), n % 10, 0, 1, 'text', 130, t.text, sha256(convert_to(t.text, 'UTF8'))
from generate_series(0, :chunks - 1) as n
cross join lateral (
  select string_agg(w.word, ' ') as text
  from (select 'w' || translate(to_hex(exp(random() * ln(20000))::integer * 7919), '0123456789', 'ghijklmnop') as word from generate_series(1, 100) where n >= 0) as w
) as t;

create temporary table centers as
select c, array(select random_normal() from generate_series(1, 384) where c >= 0)::real[] as at
from generate_series(0, 499) as c;

insert into graphdb.embeddings (model_id, input_sha256, embedding)
select (graphdb.register_model('bench', 'bench', 384)).model_id, k.input_sha256,
       l2_normalize(array(select a + 0.7 * random_normal() from unnest(centers.at) as a where k.n >= 0)::real[]::vector)
from (select c.input_sha256, row_number() over (order by c.run_id, c.doc_id, c.ord) as n from graphdb.chunks as c) as k
join centers on centers.c = k.n % 500
on conflict do nothing;

select graphdb.refresh_search();
