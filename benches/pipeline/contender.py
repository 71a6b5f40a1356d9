"""Runs one framework over the documents: contender.py NAME DOCUMENTS DATABASE; prints {"seconds": …, "chunks": …}.

DATABASE is a libpq URL. The clock starts when everything is imported and the documents are read.
"""
import importlib
import json
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
    found = list(documents(path))
    begun = time.monotonic()
    framework.ingest(found, url, embed)
    seconds = time.monotonic() - begun
    if embed.failure:
        raise embed.failure
    print(json.dumps({"seconds": seconds, "chunks": framework.count(url)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
