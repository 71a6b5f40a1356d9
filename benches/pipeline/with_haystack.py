"""Haystack: splitter, embedder and DocumentWriter into PgvectorDocumentStore, duplicates skipped; 100 documents a call.

What is stored already is found by CacheChecker before anything is split.
"""
import hashlib
from dataclasses import replace

import psycopg
from embedder import BATCH, CHARACTERS, DIMENSION
from haystack import Document, Pipeline, component
from haystack.components.caching import CacheChecker
from haystack.components.preprocessors import RecursiveDocumentSplitter
from haystack.components.writers import DocumentWriter
from haystack.document_stores.types import DuplicatePolicy
from haystack.utils import Secret
from haystack_integrations.document_stores.pgvector import PgvectorDocumentStore

CALL = 100


@component
class Embedder:
    def __init__(self, embed):
        self.embed = embed

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document]):
        embedded = []
        for first in range(0, len(documents), BATCH):
            batch = documents[first : first + BATCH]
            vectors = self.embed([document.content for document in batch])
            embedded += [replace(document, embedding=vector) for document, vector in zip(batch, vectors)]
        return {"documents": embedded}


def ingest(documents, url, embedder):
    store = PgvectorDocumentStore(
        connection_string=Secret.from_token(url), table_name="chunks", embedding_dimension=DIMENSION
    )
    checker = CacheChecker(store, cache_field="meta.sha256")
    pipeline = Pipeline()
    # Its sentence splitter needs a download. These are its other separators.
    splitter = RecursiveDocumentSplitter(split_length=CHARACTERS, split_unit="char", separators=["\n\n", "\n", " "])
    pipeline.add_component("splitter", splitter)
    pipeline.add_component("embedder", Embedder(embedder.embed))
    pipeline.add_component("writer", DocumentWriter(store, policy=DuplicatePolicy.SKIP))
    pipeline.connect("splitter.documents", "embedder.documents")
    pipeline.connect("embedder.documents", "writer.documents")
    for first in range(0, len(documents), CALL):
        batch = {hashlib.sha256((id + text).encode()).hexdigest(): (id, text) for id, text in documents[first : first + CALL]}
        misses = checker.run(items=list(batch))["misses"]
        new = [Document(content=batch[sha][1], meta={"source": batch[sha][0], "sha256": sha}) for sha in misses]
        if new:
            pipeline.run({"splitter": {"documents": new}})


def count(url):
    with psycopg.connect(url) as connection:
        return connection.execute("select count(*) from chunks").fetchone()[0]
