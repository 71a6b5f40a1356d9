"""LangChain: index() with SQLRecordManager and PGVector, both in PostgreSQL; cleanup `scoped_full`, a thousand chunks at a time.

PGVectorStore, which is to replace PGVector, inserts row by row and takes longer.
"""
import psycopg
from embedder import DIMENSION, TOKENS
from langchain_classic.indexes import SQLRecordManager
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.indexing import index
from langchain_postgres import PGVector
from langchain_text_splitters import RecursiveCharacterTextSplitter

BATCH = 1000


class Embedding(Embeddings):
    def __init__(self, embed):
        self.embed_documents = embed

    def embed_documents(self, texts):
        raise NotImplementedError

    def embed_query(self, text):
        return self.embed_documents([text])[0]


def ingest(documents, url, embedder):
    url = url.replace("://", "+psycopg://")
    store = PGVector(Embedding(embedder.embed), connection=url, embedding_length=DIMENSION, use_jsonb=True)
    records = SQLRecordManager("documents", db_url=url)
    records.create_schema()
    splitter = RecursiveCharacterTextSplitter.from_language(
        "markdown", chunk_size=TOKENS, chunk_overlap=0, length_function=lambda text: len(embedder.tokens(text))
    )
    chunks = splitter.split_documents([Document(text, metadata={"source": id}) for id, text in documents])
    index(chunks, records, store, cleanup="scoped_full", source_id_key="source", batch_size=BATCH, key_encoder="sha256")


def count(url):
    with psycopg.connect(url) as connection:
        return connection.execute("select count(*) from langchain_pg_embedding").fetchone()[0]
