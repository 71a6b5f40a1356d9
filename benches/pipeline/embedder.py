"""The embedders for all frameworks: instant vectors in process or from a server, or vectors of all-MiniLM-L6-v2.

$EMBEDDER is `instant`, the address of the server, or the folder of the model; each call is noted in the file $COUNTER, so that a
kill loses no count.
"""
import http.client
import json
import os
import re
import threading
import zlib
from urllib.parse import urlsplit

import numpy as np

DIMENSION = 384
BATCH = 100  # Texts in a call, where the framework lets one choose.
TOKENS = 256  # Of a chunk.
CHARACTERS = 4 * TOKENS  # For splitters that count no tokens.


def vector(text):
    """Returns a vector of about unit length that depends only on the text."""
    seed = zlib.crc32(text.encode())
    return np.random.default_rng(seed).standard_normal(DIMENSION, dtype=np.float32) / np.sqrt(DIMENSION)


class Instant:
    tokens = re.compile(r"\w{1,8}|[^\w\s]").findall

    def embed(self, texts):
        return [vector(text).tolist() for text in texts]


class Http:
    tokens = Instant.tokens

    def __init__(self, url):
        self.url = urlsplit(url)
        self.local = threading.local()  # A connection each: CocoIndex calls from several threads.

    @property
    def connection(self):
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPConnection(self.url.hostname, self.url.port)
        return self.local.connection

    def embed(self, texts):
        body = json.dumps({"model": "instant", "input": texts, "encoding_format": "float"})
        connection = self.connection
        connection.request("POST", f"{self.url.path}/embeddings", body, {"content-type": "application/json"})
        return [item["embedding"] for item in json.loads(connection.getresponse().read())["data"]]


class MiniLm:
    def __init__(self, folder):
        from sentence_transformers import SentenceTransformer
        from tokenizers import Tokenizer

        self.model = SentenceTransformer(folder, device="cpu")
        self.tokenizer = Tokenizer.from_file(f"{folder}/tokenizer.json")
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()

    def tokens(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def embed(self, texts):
        return self.model.encode(texts, batch_size=32, show_progress_bar=False).tolist()


class Counting:
    """Wraps an embedder and records the number of texts in each call. Errors are recorded, because a framework may ignore them."""

    def __init__(self, inner, counter):
        self.failure = None
        self.inner, self.tokens = inner, inner.tokens
        self.counter = os.open(counter, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def __reduce__(self):
        """Creates the embedder again in another process, from the same environment."""
        return load, ()

    def embed(self, texts):
        os.write(self.counter, b"%d\n" % len(texts))
        try:
            return self.inner.embed(list(texts))
        except Exception as failure:
            self.failure = failure
            raise


def load():
    kind = os.environ["EMBEDDER"]
    inner = Instant() if kind == "instant" else Http(kind) if kind.startswith("http:") else MiniLm(kind)
    return Counting(inner, os.environ["COUNTER"])
