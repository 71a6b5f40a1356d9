"""LlamaIndex with two processes that split and embed; all documents in one call, because each starts its processes anew."""
import with_llamaindex
from with_llamaindex import count  # noqa: F401


def ingest(documents, url, embedder):
    with_llamaindex.ingest(documents, url, embedder, call=len(documents), processes=2)
