-- Puts the documents into :languages in turn.
update graphdb.documents as d
set language = (:'languages'::text[])[1 + substr(d.doc_id, 5)::integer % cardinality(:'languages'::text[])];
update graphdb.chunks as c
set language = d.language
from graphdb.documents as d
where d.run_id = c.run_id and d.doc_id = c.doc_id and d.revision = c.revision;
