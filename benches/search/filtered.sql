\set i random(1, 500)
select count(*) from bench.questions as q, bench.filters as f, graphdb.search(q.question, q.vector, 'bench', 10, f.filter) as s where q.i = :i and f.i = :filter;
