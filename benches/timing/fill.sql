-- Creates :documents unrestricted documents and as many restricted ones, with one chunk of 100 words and a vector each. Words have
-- the frequencies of natural language (Zipf, 20,000 words). There are 50 pairs of questions. The answers to both questions of a
-- pair are equally large for a caller without principals, but only the first one has restricted matches.
select setseed(0.5);

insert into graphdb.processed_runs (run_id, source, total_docs, status, chunk_completed_at, total_chunks, normalized_at)
values ('r', 'confluence', 2 * :documents, 'chunked', now(), 2 * :documents, now());

-- The class of a document is its number modulo :documents / 10: ten unrestricted and ten restricted documents have the
-- same class. The words of classes 0 to 49 are in documents of both kinds, those of 50 to 99 in unrestricted ones, those of 100 to 149 in
-- restricted ones, and those of 150 to 199 in none.
create temporary table drawn as
select n, n % 2 = 1 as is_restricted, n / 2 % (:documents / 10) as class from generate_series(0, 2 * :documents - 1) as n;

insert into graphdb.documents (run_id, doc_id, title, meta, body, content_sha256, is_newest, is_searched)
select 'r', format('doc-%s', n), format('Document %s', n), case when is_restricted then '{"readers": ["group:hr"]}' else '{}' end::jsonb, '-', sha256('-'), true, true
from drawn;

insert into graphdb.chunks (run_id, doc_id, ord, byte_start, byte_end, kind, token_count, text, input_sha256, is_restricted)
select 'r', format('doc-%s', d.n), 0, 0, 1, 'text', 130, t.text, sha256(convert_to(t.text, 'UTF8')), d.is_restricted
from drawn as d
cross join lateral (
  select string_agg(w.word, ' ') || case
           when d.class < 50 or d.class < 100 and not d.is_restricted or d.class between 100 and 149 and d.is_restricted then format(' zyxo%s', 1000 + d.class)
           else '' end as text
  from (select 'w' || translate(to_hex(exp(random() * ln(20000))::integer * 7919), '0123456789', 'ghijklmnop') as word from generate_series(1, 100) where d.n >= 0) as w
) as t;

-- The vectors of a class are near its center. Restricted documents of classes 50 to 99 are elsewhere.
create temporary table centers as
select c, array(select random_normal() from generate_series(1, 64) where c >= 0)::real[] as at from generate_series(0, :documents / 10 + 49) as c;

insert into graphdb.embeddings (model_id, input_sha256, embedding, is_restricted)
select (graphdb.register_model('bench', 'bench', 64)).model_id, c.input_sha256,
       l2_normalize(array(select a + 0.3 * random_normal() from unnest(k.at) as a where d.n >= 0)::real[]::vector), c.is_restricted
from drawn as d
join graphdb.chunks as c on c.doc_id = format('doc-%s', d.n)
join centers as k on k.c = d.class + case when d.is_restricted and d.class between 50 and 99 then :documents / 10 - 50 else 0 end
on conflict do nothing;

create schema bench;
-- kind: `some` if both questions of a pair have unrestricted matches, `only` if neither has.
create table bench.questions as
select 'words, some unrestricted matches' as kind, p as pair, has_restricted, format('zyxo%s', 1000 + p + case when has_restricted then 0 else 50 end) as question, null::vector as vector
from generate_series(0, 49) as p, unnest('{true,false}'::boolean[]) as has_restricted
union all
select 'words, no unrestricted match', p, has_restricted, format('zyxo%s', case when has_restricted then 1100 + p else 1150 + p end), null
from generate_series(0, 49) as p, unnest('{true,false}'::boolean[]) as has_restricted
union all
select 'vector', p, has_restricted, '', (select l2_normalize(k.at::vector) from centers as k where k.c = p + case when has_restricted then 0 else 50 end)
from generate_series(0, 49) as p, unnest('{true,false}'::boolean[]) as has_restricted;
create table bench.times (kind text, has_restricted boolean, milliseconds float8);

-- Asks both questions of a random pair in random order, :tries times.
create procedure bench.measure(p_kind text, p_tries integer)
language plpgsql
as $$
declare
  v_question record;
  v_begun timestamptz;
begin
  for v_try in -200 .. p_tries loop
    for v_question in
      select q.* from bench.questions as q, (select floor(random() * 50) as pair) as p where q.kind = p_kind and q.pair = p.pair order by random()
    loop
      v_begun := clock_timestamp();
      perform from graphdb.search(v_question.question, v_question.vector);
      if v_try > 0 then
        insert into bench.times values (p_kind, v_question.has_restricted, 1000 * extract(epoch from clock_timestamp() - v_begun));
      end if;
    end loop;
    if v_try % 500 = 0 then
      commit;
    end if;
  end loop;
end
$$;
