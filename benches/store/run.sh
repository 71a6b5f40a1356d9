#!/usr/bin/env bash
# Compares storing vectors with a raw COPY.   BATCH=256  ROWS=20000  ROUNDS=5
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo bench --quiet --locked --bench store
