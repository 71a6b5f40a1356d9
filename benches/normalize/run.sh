#!/usr/bin/env bash
# The Confluence reader against markdownify and pandoc on the storage pages of the corpora, and a large space export.
# The others are fetched, pinned, into var/bench.   TRAILBLAZER_CORPORA=folder  EXPORT_MB=500
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=var/bench/converters
.ci/fetch-wheels benches/normalize/requirements.txt "$tools"
chmod +x "$tools/pypandoc/files/pandoc"
binary=${BINARY:-$(.ci/bench-binary normalize)}
python3 benches/normalize/compare.py "$binary" "$tools" var/bench/normalize
