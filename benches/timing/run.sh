#!/usr/bin/env bash
# Measures whether the duration of a search reveals restricted matches. A caller without principals asks questions with and
# without restricted matches, whose visible answers are equally large. Prints a Markdown table: the number of tries, the median
# durations, the Kolmogorov–Smirnov distance of the two distributions, its critical value at 1 %, and whether they differ.
#   PG_BIN=folder with initdb (default: from PATH)  DOCUMENTS="2000 10000" (unrestricted ones; as many are restricted)  TRIES=10000
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../cluster.sh"
tries=${TRIES:-10000}
settings="-c shared_buffers=512MB -c effective_cache_size=2GB -c random_page_cost=1.1 -c jit=off -c autovacuum=off"
start_cluster timing -E UTF8 --locale=C.UTF-8
for documents in ${DOCUMENTS:-2000 10000}; do
  run_sql -c "create database d$documents"
  export PGDATABASE=d$documents
  install_graphdb "$here/../../sql" > "$work/install.log"
  run_sql -v documents="$documents" -f "$here/fill.sql" > "$work/fill.log"
  run_sql -c "select format('set maintenance_work_mem = ''%skB''', memory_kb) from graphdb.missing_vector_indexes() union all select unnest(statements) from graphdb.missing_vector_indexes()" |
    sed 's/$/;/' | run_sql
  run_sql -c 'vacuum analyze' -c 'select graphdb.refresh_search()' > "$work/refresh.log"
  echo "### $documents unrestricted and $documents restricted documents"
  echo
  echo '| question | tries | with restricted matches | without | distance | critical | distinguishable |'
  echo '|---|--:|--:|--:|--:|--:|---|'
  run_sql -c "select distinct kind from bench.questions order by 1" | while read -r kind; do
    run_sql -c "call bench.measure('$kind', $tries)" < /dev/null
  done
  run_sql -f "$here/figures.sql"
  echo
done
