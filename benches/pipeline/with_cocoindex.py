"""CocoIndex. Its state is an LMDB folder ($COCOINDEX_DB), and its target is a table in PostgreSQL."""
from dataclasses import dataclass
from typing import Annotated

import asyncpg
import cocoindex as coco
import numpy as np
import psycopg
from cocoindex.connectors import localfs, postgres
from cocoindex.ops.text import RecursiveSplitter
from cocoindex.resources.id import IdGenerator
from cocoindex.resources.schema import VectorSchema
from embedder import BATCH, CHARACTERS, DIMENSION
from numpy.typing import NDArray

DATABASE = coco.ContextKey[asyncpg.Pool]("database")
SPLITTER = RecursiveSplitter()
EMBED = None


@coco.fn.as_async(batching=True, max_batch_size=BATCH)
def embed_batch(texts: list[str]) -> list[NDArray[np.float32]]:
    return [np.array(vector, dtype=np.float32) for vector in EMBED(texts)]


@coco.fn(memo=True)
async def embed(text: str) -> NDArray[np.float32]:
    return await embed_batch(text)


@dataclass
class Row:
    id: int
    document: str
    text: str
    embedding: Annotated[NDArray, VectorSchema(dtype=np.dtype(np.float32), size=DIMENSION)]


@coco.fn
async def add_chunk(text: str, document: str, ids: IdGenerator, table: postgres.TableTarget[Row]) -> None:
    table.declare_row(row=Row(await ids.next_id(text), document, text, await embed(text)))


async def add_text(id: str, text: str, table: postgres.TableTarget[Row]) -> None:
    chunks = SPLITTER.split(text, chunk_size=CHARACTERS, chunk_overlap=0, language="markdown")
    await coco.map(add_chunk, [chunk.text for chunk in chunks], id, IdGenerator(id), table)


@coco.fn(memo=True)
async def add_document(document: tuple[str, str], table: postgres.TableTarget[Row]) -> None:
    await add_text(*document, table)


@coco.fn(memo=True)
async def add_file(file: localfs.File, table: postgres.TableTarget[Row]) -> None:
    await add_text(str(file.file_path.path), await file.read_text(), table)


async def target():
    schema = await postgres.TableSchema.from_class(Row, primary_key=["id"])
    return await postgres.mount_table_target(DATABASE, "chunks", schema)


@coco.fn
async def flow(documents: list[tuple[str, str]]) -> None:
    await coco.mount_each(add_document, [(document[0], document) for document in documents], await target())


@coco.fn
async def flow_of_files(folder: str) -> None:
    await coco.mount_each(add_file, localfs.walk_dir(folder).items(), await target())


def ingest(documents, url, embedder):
    run(flow, url, embedder, documents=documents)


def ingest_files(folder, url, embedder):
    run(flow_of_files, url, embedder, folder=folder)


def run(main, url, embedder, **arguments):
    global EMBED
    EMBED = embedder.embed

    @coco.lifespan
    async def resources(builder: coco.EnvironmentBuilder):
        async with asyncpg.create_pool(url) as pool:
            builder.provide(DATABASE, pool)
            yield

    coco.App(coco.AppConfig(name="bench"), main, **arguments).update_blocking()


def count(url):
    with psycopg.connect(url) as connection:
        return connection.execute("select count(*) from chunks").fetchone()[0]
