# Sourced by benchmarks of SQL. Provides a temporary cluster with the SQL of graphdb.
#   PG_BIN=folder with initdb (default: from PATH)
[ -z "${PG_BIN:-}" ] || PATH=$PG_BIN:$PATH
for tool in initdb pg_ctl psql pgbench; do
  command -v $tool > /dev/null || { echo "no $tool: set PG_BIN to the folder of a PostgreSQL server with pgvector" >&2; exit 1; }
done

# PostgreSQL does not run as root.
account=$(id -un)
if [ "$account" = root ]; then account=$(id -un postgres 2> /dev/null || echo nobody); fi
as_account() (
  cd /
  if [ "$account" = "$(id -un)" ]; then "$@"; else setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups "$@"; fi
)
run_sql() { psql -qAtX -v ON_ERROR_STOP=1 "$@"; }

# start_cluster NAME [initdb option …]: starts a cluster in the new folder $work, with a socket there. It is removed when the script ends.
# psql and pgbench use it by default. $settings contains additional settings of the server.
start_cluster() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/$1-bench.XXXXXX")
  trap stop_cluster EXIT
  chown "$account" "$work"
  as_account initdb -D "$work/data" -U bench -A trust "${@:2}" > "$work/initdb.log"
  as_account pg_ctl -D "$work/data" -l "$work/server.log" -w start \
    -o "-c listen_addresses='' -c unix_socket_directories='$work' ${settings:-}" > "$work/start.log"
  export PGHOST=$work PGUSER=bench PGDATABASE=postgres PGOPTIONS='-c client_min_messages=error'
}
stop_cluster() {
  as_account pg_ctl -D "$work/data" -m immediate -w stop > "$work/stop.log" 2>&1 || true
  rm -rf "$work"
}

# install_graphdb FOLDER: installs the files of that sql/ folder as `trailblazer db migrate` does.
install_graphdb() {
  {
    echo 'begin; create extension if not exists vector schema public;'
    echo 'set local search_path = pg_catalog, public, pg_temp; set local check_function_bodies = off;'
    cat "$1"/bootstrap.sql "$1"/migrations/*.sql
    find "$1/functions" -name '*.sql' ! -name backlog_status.sql -exec cat {} +
    find "$1/functions" -name backlog_status.sql -exec cat {} +
    echo 'commit;'
  } | sed 's/@extschema:vector@/public/g' | run_sql
}
