-- 500 questions: six words of a chunk, and a vector near that of the chunk.
create schema bench;
create table bench.questions as
select row_number() over () as i,
       (select string_agg(w.word, ' ') from (select word from regexp_split_to_table(c.text, ' ') as word limit 6) as w) as question,
       e.embedding as vector
from (select c.text, c.input_sha256 from graphdb.chunks as c order by c.input_sha256 limit 500) as c
join graphdb.embeddings as e on e.input_sha256 = c.input_sha256;
alter table bench.questions add primary key (i);
analyze bench.questions;
