#!/usr/bin/env bash
# Compares the cost of claim and complete in graphdb with other Postgres queues, each with its own SQL. Prints Markdown tables.
# Fetches the other queues, starts a temporary cluster with default, durable settings, installs all queues, and runs compare.py.
#   PG_BIN=folder with initdb, PostgreSQL 18 (default: from PATH)   SQL_DIR=another sql/ to measure
#   PARTS="rate short batch cost flat held"   QUICK=1 (two or three minutes in place of twenty-five)   ONLY="graphdb pgtask"
#   CLIENTS="1 4 8 16"  ROUNDS=3  SECONDS_PER_ROUND=3  BATCHES="10 100"  FINISHED="0 100000 1000000"  HELD=40
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/../cluster.sh"
sql=${SQL_DIR:-$root/sql} store=$root/var/bench/claim
for tool in node npm; do
  command -v $tool > /dev/null || { echo "no $tool: graphile-worker and pg-boss make their SQL with it (Debian: apt install nodejs npm)" >&2; exit 1; }
done

# Done once, in var/: unpacks the wheels and the npm packages, and writes the SQL that JavaScript generates.
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
  install_graphdb "$sql"
  run_sql -c 'create schema pgmq' -f "$store/pgmq/sql/pgmq.sql"
  run_sql -f "$store/procrastinate/sql/schema.sql"
  for name in absurd graphile pgboss; do run_sql -f "$store/sql/$name.install.sql"; done
  python3 "$here/pgtask.install.py" "$store"/pgtask/_native.abi3.so "postgresql://bench@localhost/postgres?host=$work"
}

fetch
start_cluster claim
install_all > "$work/install.log"
python3 "$here/compare.py" "$work" "$store/sql"
