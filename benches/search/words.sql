\set i random(1, 500)
select count(*) from bench.questions as q, graphdb.search(q.question) as s where q.i = :i;
