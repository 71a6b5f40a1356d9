\set i random(1, 500)
select count(*) from bench.questions as q, graphdb.search(q.question, q.vector, 'bench', 10, '{"label": "label-7"}') as s where q.i = :i;
