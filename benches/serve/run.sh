#!/bin/bash
# Measures a running server: benches/serve/run.sh URL [CLIENTS] [SECONDS]. First combined searches, then full text, then overload.
set -euo pipefail
cd "$(dirname "$0")"
url=${1:?the URL of trailblazer serve} clients=${2:-50} seconds=${3:-60}
echo "$clients clients, $seconds s, words and vectors:"; python3 load.py "$url" --clients "$clients" --seconds "$seconds"
echo "$clients clients, $seconds s, words:"; python3 load.py "$url" --clients "$clients" --seconds "$seconds" --text-only
echo "$((clients * 4)) clients, 10 s, beyond serve.max_requests:"; python3 load.py "$url" --clients "$((clients * 4))" --seconds 10
