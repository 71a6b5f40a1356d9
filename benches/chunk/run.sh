#!/usr/bin/env bash
# Compares the chunking speed of trailblazer and the crate text-splitter on the corpora.   TRAILBLAZER_CORPORA=folder
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo run --quiet --release --locked --manifest-path benches/chunk/Cargo.toml --target-dir "${CARGO_TARGET_DIR:-target}" -- \
  var/models/all-MiniLM-L6-v2
