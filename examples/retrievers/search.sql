-- Search from psql with the model of the server: psql "$TRAILBLAZER_DB_URL" -v url=http://127.0.0.1:8080 -v question='reset runs' -f search.sql
\set ON_ERROR_STOP on
\setenv URL :url
\setenv QUESTION :question
\set answer `jq -n --arg text "$QUESTION" '{texts: [$text]}' | curl -sf -H 'Content-Type: application/json' -d @- "$URL/api/embed"`
select s.title, s.url
from (select (:'answer'::jsonb) as answer) as a
cross join graphdb.search(:'question', (a.answer -> 'vectors' -> 0)::text::vector, a.answer ->> 'model', 5) as s;
