#!/usr/bin/env bash
# Compares the `local` provider with ONNX Runtime and sentence-transformers on the same chunks of the corpora. The pinned packages are
# fetched into var/bench. They have 4 GB, because PyTorch for Linux includes its GPU libraries, which are not used.
#   TRAILBLAZER_CORPORA=folder  CHUNKS=2000  THREADS="1 2"
set -euo pipefail
cd "$(dirname "$0")/../.."
python=var/bench/embed/bin/python3
[ -x "$python" ] && cmp -s benches/embed/requirements.txt var/bench/embed/requirements.txt || {
  rm -rf var/bench/embed
  python3 -m venv var/bench/embed
  "$python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: -r benches/embed/requirements.txt
  cp benches/embed/requirements.txt var/bench/embed/
}
binary=${BINARY:-$(.ci/bench-binary embed)}
mkdir -p var/bench/embed-work
TOKENIZERS_PARALLELISM=false "$python" benches/embed/compare.py "$binary" var/models/all-MiniLM-L6-v2 var/bench/embed-work
