"""LlamaIndex: IngestionPipeline with a docstore and a vector store in PostgreSQL, strategy `upserts`; 100 documents a call."""
from typing import Any

import psycopg
from embedder import BATCH, DIMENSION, TOKENS
from llama_index.core.embeddings import BaseEmbedding
from llama_index.core.ingestion import DocstoreStrategy, IngestionPipeline
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.schema import Document
from llama_index.storage.docstore.postgres import PostgresDocumentStore
from llama_index.storage.kvstore.postgres import PostgresKVStore
from llama_index.vector_stores.postgres import PGVectorStore

CALL = 100


class Embedding(BaseEmbedding):
    embed: Any

    def _get_text_embeddings(self, texts):
        return self.embed(texts)

    def _get_text_embedding(self, text):
        return self.embed([text])[0]

    _get_query_embedding = _get_text_embedding

    async def _aget_query_embedding(self, query):
        return self._get_text_embedding(query)


def ingest(documents, url, embedder, call=CALL, processes=None):
    urls = {"connection_string": url.replace("://", "+psycopg2://"), "async_connection_string": url.replace("://", "+asyncpg://")}
    pipeline = IngestionPipeline(
        transformations=[
            SentenceSplitter(chunk_size=TOKENS, chunk_overlap=0, tokenizer=embedder.tokens),
            Embedding(embed=embedder.embed, embed_batch_size=BATCH),
        ],
        docstore=PostgresDocumentStore(PostgresKVStore.from_params(table_name="docstore", **urls)),
        vector_store=PGVectorStore.from_params(table_name="chunks", embed_dim=DIMENSION, **urls),
        docstore_strategy=DocstoreStrategy.UPSERTS,
        # In memory, so another process cannot use it. The docstore contains the state.
        disable_cache=True,
    )
    for first in range(0, len(documents), call):
        found = [Document(id_=id, text=text) for id, text in documents[first : first + call]]
        pipeline.run(documents=found, num_workers=processes)


def count(url):
    with psycopg.connect(url) as connection:
        return connection.execute("select count(*) from data_chunks").fetchone()[0]
