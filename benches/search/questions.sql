-- Creates 500 questions with six words of a chunk and a vector near the vector of the chunk, and filters by the share of documents that pass.
create schema bench;
create table bench.questions as
select row_number() over () as i,
       (select string_agg(w.word, ' ') from (select word from regexp_split_to_table(c.text, ' ') as word limit 6) as w) as question,
       e.embedding as vector
from (select c.text, c.input_sha256 from graphdb.chunks as c order by c.input_sha256 limit 500) as c
join graphdb.embeddings as e on e.input_sha256 = c.input_sha256;
alter table bench.questions add primary key (i);
analyze bench.questions;

create table bench.filters (i integer primary key, passes text, filter jsonb);
insert into bench.filters values
  (1, 'source, 1 in 2', '{"source": "dita"}'),
  (2, 'labels, 1 in 5', '{"label": ["in20-1", "in20-2", "in20-3", "in20-4"]}'),
  (3, 'labels, 1 in 10', '{"label": ["in20-5", "in20-6"]}'),
  (4, 'label, 1 in 20', '{"label": "in20-7"}'),
  (5, 'run, 1 in 100', '{"run_ids": ["run-7"]}'),
  (6, 'label, 1 in 1000', '{"label": "in1000-7"}');
