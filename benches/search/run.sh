#!/usr/bin/env bash
# Measures the latency of graphdb.search over many chunks: full-text search, vector search, both, and both with filters
# that many or few documents pass. Prints a Markdown table. Uses a temporary cluster (PostgreSQL 16 or later, for random_normal).
#   PG_BIN=folder with initdb (default: from PATH)  CHUNKS=100000  SEARCHES=500
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
sql=$(cd "$here/../.." && pwd)/sql
. "$here/../cluster.sh"
chunks=${CHUNKS:-100000} searches=${SEARCHES:-500}

# The same settings as the private server.
settings='-c shared_buffers=512MB -c effective_cache_size=2GB -c random_page_cost=1.1 -c jit=off'
start_cluster search -E UTF8 --locale=C.UTF-8
install_graphdb "$sql" > "$work/install.log"
echo "filling $chunks chunks …" >&2
run_sql -v chunks="$chunks" -f "$here/fill.sql" > "$work/fill.log"
echo 'indexing the vectors …' >&2
run_sql -c "select format('set maintenance_work_mem = ''%skB''', memory_kb) from graphdb.missing_vector_indexes() union all select unnest(statements) from graphdb.missing_vector_indexes()" |
  sed 's/$/;/' | run_sql
run_sql -f "$here/questions.sql"

# Prints the median and the 95th percentile in milliseconds. The second argument is the number of a filter.
measure() {
  local file=$here/$1.sql log=$1-${2:-0} number=(-D "filter=${2:-0}")
  (cd "$work" && pgbench -n -M prepared -t 50 "${number[@]}" -f "$file" > "$work/warm.log" 2>&1
    pgbench -n -M prepared -t "$searches" -l --log-prefix="$log" "${number[@]}" -f "$file" > "$work/pgbench.log" 2>&1) ||
    { tail -3 "$work/pgbench.log" >&2; return 1; }
  sort -n -k3 "$work/$log".* | awk '{ t[NR] = $3 / 1000 } END { printf "%.1f | %.1f", t[int((NR + 1) / 2)], t[int(NR * 0.95)] }'
}

echo "$(run_sql -c 'show server_version'), $(nproc) cores, $chunks chunks, $searches searches one after the other, milliseconds"
echo
echo '| search | median | p95 |'
echo '|---|--:|--:|'
for kind in words vectors both; do echo "| $kind | $(measure $kind) |"; done
run_sql -F ' ' -c 'select f.i, f.passes from bench.filters as f order by f.i' | while read -r number passes; do
  echo "| both, $passes | $(measure filtered "$number" < /dev/null) |"
done
