#!/usr/bin/env bash
# Latency of graphdb.search over many chunks, as a Markdown table: by words, by vectors, by both, and by both with filters
# that many or few documents pass. Runs on its own throwaway cluster (PostgreSQL 16 or later, for random_normal).
#   PG_BIN=folder with initdb (default: from PATH)  CHUNKS=100000  SEARCHES=500
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
sql=$(cd "$here/../.." && pwd)/sql
[ -z "${PG_BIN:-}" ] || PATH=$PG_BIN:$PATH
chunks=${CHUNKS:-100000} searches=${SEARCHES:-500}
for tool in initdb pg_ctl psql pgbench; do
  command -v $tool > /dev/null || { echo "no $tool: set PG_BIN to the folder of a PostgreSQL server with pgvector" >&2; exit 1; }
done

# PostgreSQL refuses to run as root.
account=$(id -un)
if [ "$account" = root ]; then account=$(id -un postgres 2> /dev/null || echo nobody); fi
as_account() { if [ "$account" = "$(id -un)" ]; then "$@"; else setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups "$@"; fi; }

work=$(mktemp -d "${TMPDIR:-/tmp}/search-bench.XXXXXX")
chown "$account" "$work"
stop() { (cd / && as_account pg_ctl -D "$work/data" -m immediate -w stop > "$work/stop.log" 2>&1) || true; rm -rf "$work"; }
trap stop EXIT
export PGHOST=$work PGUSER=bench PGDATABASE=postgres PGOPTIONS='-c client_min_messages=error'
run_sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }

# As the private server has them.
settings='-c shared_buffers=512MB -c effective_cache_size=2GB -c random_page_cost=1.1 -c jit=off'
(cd / && as_account initdb -D "$work/data" -U bench -A trust -E UTF8 --locale=C.UTF-8 > "$work/initdb.log")
(cd / && as_account pg_ctl -D "$work/data" -l "$work/server.log" -o "-c listen_addresses='' -c unix_socket_directories='$work' $settings" -w start > "$work/start.log")
{
  echo 'begin; create extension if not exists vector schema public;'
  echo 'set local search_path = pg_catalog, public, pg_temp; set local check_function_bodies = off;'
  cat "$sql"/bootstrap.sql "$sql"/migrations/*.sql
  find "$sql/functions" -name '*.sql' ! -name backlog_status.sql -exec cat {} +
  cat "$sql/functions/backlog_status.sql"
  echo 'commit;'
} | run_sql > "$work/install.log"
echo "filling $chunks chunks …" >&2
run_sql -v chunks="$chunks" -f "$here/fill.sql" > "$work/fill.log"
echo 'indexing the vectors …' >&2
run_sql -c "select format('set maintenance_work_mem = ''%skB''', memory_kb) from graphdb.missing_vector_indexes() union all select unnest(statements) from graphdb.missing_vector_indexes()" |
  sed 's/$/;/' | run_sql
run_sql -f "$here/questions.sql"

# Milliseconds below which half, and 95 in 100, of the searches stay; the second argument is a filter's number.
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
