#!/usr/bin/env bash
# Measures `trailblazer serve` with the local model on a temporary server with CHUNKS chunks: the latency of one client and of many
# clients, the memory, overload, and the rate of workers on the same machine with and without searches. The release binary must be built.
#   PG_BIN=folder with initdb  CHUNKS=100000  CLIENTS=50  SECONDS_EACH=60  FUZZ=number: instead, send this number of random requests
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$here/../cluster.sh"
chunks=${CHUNKS:-100000} clients=${CLIENTS:-50} seconds=${SECONDS_EACH:-60} model=all-MiniLM-L6-v2
trailblazer=${CARGO_TARGET_DIR:-$root/target}/release/trailblazer

# The same settings as the private server.
settings='-c shared_buffers=512MB -c effective_cache_size=2GB -c random_page_cost=1.1 -c jit=off'
start_cluster serve -E UTF8 --locale=C.UTF-8
site=$work/site server=
mkdir -p "$site/var"
ln -s "$root/var/models" "$site/var/models"
trap '[ -z "$server" ] || kill "$server"; stop_cluster' EXIT
cd "$site"
cat > .trailblazer.yaml <<YAML
database: { url: "postgresql://bench@/postgres?host=$work" }
embed: { model: $model }
serve: { listen: "127.0.0.1:0", rate_per_second: 0 }
YAML
"$trailblazer" --events never db migrate > migrate.log 2>&1
echo "filling $chunks chunks …" >&2
sed "s/'bench', 'bench', 384/'$model', 'local', 384/" "$here/../search/fill.sql" | run_sql -v chunks="$chunks" > fill.log
"$trailblazer" --events never run > index.log 2>&1  # builds the index of the vectors
run_sql -f "$here/../search/questions.sql"
run_sql -c 'select question from bench.questions' > questions

# start_server [argument …]: sets $server to the process id and $url.
start_server() {
  "$trailblazer" --events always serve "$@" > serve.ndjson 2> serve.log &
  server=$!
  until grep -qs serve.start serve.ndjson; do kill -0 "$server"; sleep 0.1; done
  url=$(sed -n 's/.*"url":"\([^"]*\)".*/\1/p' serve.ndjson)
}
stop_server() { kill "$server" && wait "$server" && server=; }
memory() { awk -v key="$1:" '$1 == key { printf "%.0f MB", $2 / 1024 }' "/proc/$server/status"; }
load() { python3 "$here/load.py" "$url" questions "$@"; }

# work_rate BATCH: chunks and embeds 600 documents in 12 runs. Prints the documents per second.
work_rate() {
  local batch=$1 begun
  for run in {1..12}; do
    mkdir -p "var/runs/batch-$batch-$run/normalize"
    for doc in {1..50}; do
      printf '{"id": "%s", "title": "Document", "source_system": "dita", "text_md": "Worker %s embeds document %s of run %s with the local model."}\n' \
        "b$batch-$run-$doc" "$batch" "$doc" "$run"
    done > "var/runs/batch-$batch-$run/normalize/normalized.ndjson"
  done
  "$trailblazer" --events never runs backfill > backfill.log 2>&1
  begun=$EPOCHREALTIME
  "$trailblazer" --events never run > work.log 2>&1
  awk -v begun="$begun" -v ended="$EPOCHREALTIME" 'BEGIN { printf "%.0f documents/s", 600 / (ended - begun) }'
}

echo "$("$trailblazer" --version), PostgreSQL $(run_sql -c 'show server_version'), $(nproc) cores, $chunks chunks, load before $(cut -d' ' -f1 /proc/loadavg)"
if [ -n "${FUZZ:-}" ]; then
  start_server
  python3 "$here/fuzz.py" "$url" --requests "$FUZZ"
  kill -0 "$server"
  echo "memory at the end: $(memory VmRSS), at most $(memory VmHWM)"
  stop_server
  exit
fi
start_server --text-only
echo "memory without the model: $(memory VmRSS)"
stop_server
start_server
echo "memory with the model: $(memory VmRSS)"
load --clients 1 --seconds 5 > warm.log
echo "one client, words and vectors, including the vector of the question: $(load --clients 1 --seconds 20)"
echo "one client, words: $(load --clients 1 --seconds 20 --text-only)"
echo "$clients clients, words and vectors: $(load --clients "$clients" --seconds "$seconds")"
echo "$clients clients, words: $(load --clients "$clients" --seconds "$seconds" --text-only)"
echo "most memory: $(memory VmHWM)"
echo "$((clients * 4)) clients: $(load --clients $((clients * 4)) --seconds 10 --overload)"
echo "workers alone: $(work_rate alone)"
load --clients "$clients" --seconds 600 --overload > beside.log 2>&1 &
searches=$!
sleep 2
echo "workers beside $clients clients: $(work_rate beside)"
kill "$searches"
echo "memory at the end: $(memory VmRSS), at most $(memory VmHWM)"
stop_server
