"""Runs one framework over the documents: contender.py NAME DOCUMENTS DATABASE; prints {"seconds": …, "chunks": …}.

DOCUMENTS is a file, which is read before the clock starts, or a folder, which the framework reads. DATABASE is a libpq URL. The clock
starts when everything is imported.
"""
import importlib
import json
import os
import sys
import time

import embedder


def documents(path):
    """Returns the documents for a framework: the id, and title and text as one Markdown document."""
    with open(path) as lines:
        for document in map(json.loads, lines):
            yield document["id"], f"# {document['title']}\n\n{document['text_md']}"


def main(name, path, url):
    framework = importlib.import_module(f"with_{name}")
    embed = embedder.load()
    of_files = os.path.isdir(path)
    found = path if of_files else list(documents(path))
    begun = time.monotonic()
    (framework.ingest_files if of_files else framework.ingest)(found, url, embed)
    seconds = time.monotonic() - begun
    if embed.failure:
        raise embed.failure
    print(json.dumps({"seconds": seconds, "chunks": framework.count(url)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
