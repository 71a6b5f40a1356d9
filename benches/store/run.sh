#!/usr/bin/env bash
# Vectors stored a second, and those of a raw COPY.   BATCH=256  ROWS=20000  ROUNDS=5
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo bench --quiet --locked --bench store
