#!/usr/bin/env python3
"""A trailblazer worker in Python. It processes the backlog until no run is due.

The functions of schema graphdb implement the rules, and this worker calls them. Any number of workers can run in parallel.
"""

import math
import os
import re
import socket
import sys
import zlib

import psycopg

SCHEMA_VERSION = 21  # the newest schema version that this worker supports
MODEL, DIMENSION = "example-python", 384
BATCH = 200


def paragraphs(title, body):
    """Split a Markdown body at blank lines. Return tuples (first byte, byte after the last, text)."""
    data = body.encode()
    for match in re.finditer(rb".+?(?:\n\s*\n|\Z)", data, re.DOTALL):
        text = match[0].decode().strip()
        if text:
            yield match.start(), match.end(), f"{title}\n{text}"


def embed(text):
    """Return a vector of unit length that counts words. Replace it with a real model."""
    vector = [0.0] * DIMENSION
    for word in re.findall(r"\w+", text.lower()) or [text]:
        vector[zlib.crc32(word.encode()) % DIMENSION] += 1.0
    length = math.sqrt(sum(number * number for number in vector))
    return [number / length for number in vector]


def chunk_run(db, run_id, token):
    """Replace the run's chunks and complete the phase, in one transaction."""
    with db.transaction():
        db.execute("truncate pg_temp.staged_chunks")
        documents = db.execute("select doc_id, title, body from graphdb.run_documents(%s, '', 1000000)", [run_id])
        with db.cursor().copy(
            "copy pg_temp.staged_chunks (doc_id, ord, byte_start, byte_end, heading_path, kind, token_count, text) from stdin"
        ) as copy:
            for doc_id, title, body in documents:
                for ord, (start, end, text) in enumerate(paragraphs(title, body)):
                    copy.write_row((doc_id, ord, start, end, [title], "text", len(text.split()), text))
        db.execute("select graphdb.replace_chunks(%s, %s)", [run_id, token])
        db.execute("select graphdb.complete_run(%s, 'chunk', %s)", [run_id, token])


def embed_run(db, run_id, token):
    """Store the missing vectors batch by batch, and then complete the phase."""
    pending = "select input_sha256, text from graphdb.pending_inputs(%s, %s, p_limit => %s)"
    while rows := db.execute(pending, [run_id, MODEL, BATCH]).fetchall():
        vectors = [str(embed(text)) for _, text in rows]
        db.execute(
            "select graphdb.store_embeddings(%s, %s, %s::bytea[], %s::text[]::vector[])",
            [token, MODEL, [sha256 for sha256, _ in rows], vectors],
        )
        db.execute("select graphdb.renew_claim(%s, %s)", [run_id, token])
    db.execute("select graphdb.complete_run(%s, 'embed', %s, %s)", [run_id, token, MODEL])


def take_up_one(db, worker):
    """Claim a run and process it. Chunked runs have priority. Return False if no run is due."""
    chunked = '{"status": ["chunked"]}'
    for phase, work, scope in (("embed", embed_run, chunked), ("chunk", chunk_run, None)):
        claim = "select run_id, claim_token from graphdb.claim_runs(%s, %s, '45 minutes', 1, %s::jsonb)"
        for run_id, token in db.execute(claim, [phase, worker, scope]).fetchall():
            try:
                work(db, run_id, token)
                print(f"{phase} {run_id}", flush=True)
            except psycopg.OperationalError:
                raise  # the connection is gone; the lease runs out by itself
            except psycopg.Error as error:
                if error.sqlstate == "TB002":  # the claim is somebody else's by now: stop quietly
                    print(f"{phase} {run_id} lost", file=sys.stderr)
                else:
                    db.execute("select graphdb.fail_run(%s, %s, %s)", [run_id, token, str(error)])
            except Exception as error:
                db.execute("select graphdb.fail_run(%s, %s, %s)", [run_id, token, repr(error)])
            return True
    return False


def main():
    with psycopg.connect(os.environ["TRAILBLAZER_DB_URL"], autocommit=True, application_name="worker.py") as db:
        db.execute("select graphdb.require_schema(%s)", [SCHEMA_VERSION])
        db.execute("select graphdb.register_model(%s, 'example', %s)", [MODEL, DIMENSION])
        db.execute("select graphdb.create_staging()")
        worker = f"{socket.gethostname()}/{os.getpid()}/0"
        while take_up_one(db, worker):
            pass


if __name__ == "__main__":
    main()
