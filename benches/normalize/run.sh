#!/usr/bin/env bash
# Compares the Confluence reader with markdownify and pandoc on the storage pages of the corpora, and reads a large space export.
# The pinned packages are fetched into var/bench.   TRAILBLAZER_CORPORA=folder  EXPORT_MB=500
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=var/bench/converters
.ci/fetch-wheels benches/normalize/requirements.txt "$tools"
chmod +x "$tools/pypandoc/files/pandoc"
binary=${BINARY:-$(.ci/bench-binary normalize)}
python3 benches/normalize/compare.py "$binary" "$tools" var/bench/normalize
