\set i random(1, 500)
select count(*) from bench.questions as q, graphdb.search('', q.vector, 'bench') as s where q.i = :i;
