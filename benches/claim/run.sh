#!/usr/bin/env bash
# Claims and completes of graphdb against read+archive and read+delete of pgmq: cycles a second, as a Markdown table.
# Each cycle is two transactions on one run or message. Rounds alternate between the three, each on a fresh queue.
# Runs on its own throwaway cluster with default, durable settings.
#   PG_BIN=folder with initdb (default: from PATH)  CLIENTS="1 4 8 16"  ROUNDS=5  SECONDS_PER_ROUND=8  RUNS=100000
#   SQL_DIR=another sql/ to measure
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ -z "${PG_BIN:-}" ] || PATH=$PG_BIN:$PATH
sql=${SQL_DIR:-$root/sql} clients=${CLIENTS:-1 4 8 16} rounds=${ROUNDS:-5} seconds=${SECONDS_PER_ROUND:-8} runs=${RUNS:-100000}
contenders=(graphdb pgmq_archive pgmq_delete)
for tool in initdb pg_ctl psql pgbench; do
  command -v $tool > /dev/null || { echo "no $tool: set PG_BIN to the folder of a PostgreSQL server with pgvector" >&2; exit 1; }
done

# PostgreSQL refuses to run as root.
account=$(id -un)
if [ "$account" = root ]; then account=$(id -un postgres 2> /dev/null || echo nobody); fi
as_account() { if [ "$account" = "$(id -un)" ]; then "$@"; else setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups "$@"; fi; }

work=$(mktemp -d "${TMPDIR:-/tmp}/claim-bench.XXXXXX")
chown "$account" "$work"
stop() { (cd / && as_account pg_ctl -D "$work/data" -m immediate -w stop > "$work/stop.log" 2>&1) || true; rm -rf "$work"; }
trap stop EXIT
start() {
  cd /
  as_account initdb -D "$work/data" -U bench -A trust > "$work/initdb.log"
  as_account pg_ctl -D "$work/data" -l "$work/server.log" -o "-c listen_addresses='' -c unix_socket_directories='$work'" -w start > "$work/start.log"
}
export PGHOST=$work PGUSER=bench PGDATABASE=postgres PGOPTIONS='-c client_min_messages=error'

fetch_pgmq() {
  local store=$root/var/bench
  mkdir -p "$store"
  [ -f "$store/pgmq/sql/pgmq.sql" ] && return
  python3 -m pip download --quiet --no-deps --require-hashes -r "$here/requirements.txt" -d "$store" >&2
  python3 -m zipfile -e "$store"/pgmq-*.whl "$store"
}

install_both() {
  psql -qX -v ON_ERROR_STOP=1 -c 'create schema pgmq' -f "$root/var/bench/pgmq/sql/pgmq.sql" > "$work/pgmq.log"
  {
    echo 'begin; create extension if not exists vector schema public;'
    echo 'set local search_path = pg_catalog, public, pg_temp; set local check_function_bodies = off;'
    cat "$sql"/bootstrap.sql "$sql"/migrations/*.sql
    find "$sql/functions" -name '*.sql' ! -name backlog_status.sql -exec cat {} +
    cat "$sql/functions/backlog_status.sql"
    echo 'commit;'
  } | psql -qX -v ON_ERROR_STOP=1 > "$work/graphdb.log"
}

# Cycles a second of one contender with so many clients, on a fresh queue.
measure() {
  psql -qX -v ON_ERROR_STOP=1 -v runs="$runs" -f "$here/${1%_*}.fill.sql" > "$work/fill.log"
  pgbench -n -M prepared -c "$2" -j "$(($2 < 2 ? $2 : 2))" -T "$seconds" -f "$here/$1.cycle.sql" 2>> "$work/pgbench.log" |
    awk '/^tps/ { print int($3); found = 1 } END { exit !found }' ||
    { tail -3 "$work/pgbench.log" >&2; echo "a round of $1 failed; was the queue too short? RUNS=$runs" >&2; return 1; }
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

fetch_pgmq
start
install_both
echo "$(psql -qAtXc 'show server_version'), $(nproc) cores, median of $rounds rounds of $seconds s"
echo
echo '| clients | graphdb claim+complete | pgmq read+archive | pgmq read+delete | graphdb / archive | graphdb / delete |'
echo '|--:|--:|--:|--:|--:|--:|'
for c in $clients; do
  rm -f "$work"/*.tps
  for _ in $(seq "$rounds"); do
    for k in "${contenders[@]}"; do measure "$k" "$c" >> "$work/$k.tps"; done
  done
  g=$(median "$work/graphdb.tps") a=$(median "$work/pgmq_archive.tps") d=$(median "$work/pgmq_delete.tps")
  awk -v c="$c" -v g="$g" -v a="$a" -v d="$d" 'BEGIN { printf "| %d | %d | %d | %d | %.2f | %.2f |\n", c, g, a, d, g / a, g / d }'
done
