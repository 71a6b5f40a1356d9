#!/usr/bin/env bash
# Measures the latency of graphdb.search over many chunks: full-text search, vector search, both, and both with filters
# that many or few documents pass. Prints a Markdown table. Uses a temporary cluster (PostgreSQL 16 or later, for random_normal).
# With BASE, the SQL of that commit takes turns on the same cluster, and the table shows the ratios.
#   PG_BIN=folder with initdb (default: from PATH)  CHUNKS=100000  SEARCHES=500  ROUNDS=5  BASE=commit
#   LANGUAGES=german,french,…: the documents are in these languages in turn (only this checkout, not the base)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/../cluster.sh"
chunks=${CHUNKS:-100000} searches=${SEARCHES:-500} rounds=${ROUNDS:-5} base=${BASE:-} languages=${LANGUAGES:-}

# The same settings as the private server, but each database has the buffers of one server.
databases=(this) buffers=512
[ -z "$base" ] || databases=(base this) buffers=1024
settings="-c shared_buffers=${buffers}MB -c effective_cache_size=2GB -c random_page_cost=1.1 -c jit=off"
start_cluster search -E UTF8 --locale=C.UTF-8

# fill DATABASE FOLDER: installs the SQL of a checkout, and creates the same documents and questions.
fill() {
  echo "filling $chunks chunks for $1 …" >&2
  run_sql -c "create database $1"
  export PGDATABASE=$1
  install_graphdb "$2/sql" > "$work/install-$1.log"
  run_sql -v chunks="$chunks" -f "$here/fill.sql" > "$work/fill-$1.log"
  if [ "$1" = this ] && [ -n "$languages" ]; then run_sql -v languages="{$languages}" -f "$here/languages.sql"; fi
  run_sql -c "select format('set maintenance_work_mem = ''%skB''', memory_kb) from graphdb.missing_vector_indexes() union all select unnest(statements) from graphdb.missing_vector_indexes()" |
    sed 's/$/;/' | run_sql
  run_sql -f "$here/questions.sql"
  run_sql -c 'vacuum analyze'
  run_sql -c 'select graphdb.refresh_search()' > "$work/refresh-$1.log"
}
if [ -n "$base" ]; then
  mkdir "$work/checkout" && git -C "$root" archive "$base" sql | tar -x -C "$work/checkout"
  fill base "$work/checkout"
fi
fill this "$root"

# Prints the CPU time of all sessions that have ended, in milliseconds. It depends less on other programs than the elapsed time.
cpu_time() {
  sleep 0.2
  awk -v hz="$(getconf CLK_TCK)" '{ print ($16 + $17) * 1000 / hz }' "/proc/$(head -1 "$work/data/postmaster.pid")/stat"
}
# run_searches DATABASE KIND FILTER COUNT: appends the time of each search, and the CPU time of all, to files.
run_searches() {
  local before
  before=$(cpu_time)
  (cd "$work" && rm -f log.* &&
    pgbench -n -M prepared -t "$4" -l --log-prefix=log -D "filter=$3" -f "$here/$2.sql" "$1" > "$work/pgbench.log" 2>&1 &&
    cat log.* >> "$1-$2-$3.times") || { tail -3 "$work/pgbench.log" >&2; return 1; }
  echo "$(cpu_time) $before $4" >> "$work/$1-$2-$3.cpu"
}
# figures DATABASE KIND FILTER: prints the median, the 95th percentile, and the mean CPU time in milliseconds.
figures() {
  sort -n -k3 "$work/$1-$2-$3.times" | awk '{ t[NR] = $3 / 1000 } END { printf "%.1f %.1f ", t[int((NR + 1) / 2)], t[int(NR * 0.95)] }'
  awk '{ time += $1 - $2; n += $3 } END { printf "%.1f", time / n }' "$work/$1-$2-$3.cpu"
}
# measure NAME KIND FILTER: prints a row of the table. The databases take turns.
measure() {
  local database round median p95 cpu base_median base_p95 base_cpu
  for database in "${databases[@]}"; do
    run_searches "$database" "$2" "$3" 50
    rm "$work/$database-$2-$3.times" "$work/$database-$2-$3.cpu"
  done
  for ((round = 0; round < rounds; round++)); do
    for database in "${databases[@]}"; do run_searches "$database" "$2" "$3" $((searches / rounds)); done
  done
  read -r median p95 cpu <<< "$(figures this "$2" "$3")"
  if [ -z "$base" ]; then
    echo "| $1 | $median | $p95 | $cpu |"
    return
  fi
  read -r base_median base_p95 base_cpu <<< "$(figures base "$2" "$3")"
  awk -v name="$1" -v figures="$base_median $median $base_p95 $p95 $base_cpu $cpu" 'BEGIN {
    split(figures, f, " ")
    printf "| %s |", name
    for (i = 1; i < 6; i += 2) printf " %s | %s | %.2f |", f[i], f[i + 1], f[i + 1] / f[i]
    print ""
  }'
}

echo "$(run_sql -c 'show server_version'), $(nproc) cores, $chunks chunks, $searches searches one after the other, milliseconds"
echo
if [ -n "$base" ]; then
  echo "| search | median before | median | ratio | p95 before | p95 | ratio | CPU before | CPU | ratio |"
  echo '|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|'
else
  echo '| search | median | p95 | CPU |'
  echo '|---|--:|--:|--:|'
fi
for kind in words vectors both; do measure "$kind" "$kind" 0; done
run_sql -F ' ' -c 'select f.i, f.passes from bench.filters as f order by f.i' > "$work/filters"
while read -r number passes <&4; do measure "both, $passes" filtered "$number"; done 4< "$work/filters"
