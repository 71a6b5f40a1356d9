"""`/v1/embeddings` on a free port of this machine, instant or, given the folder of all-MiniLM-L6-v2, with its vectors; prints its address.

GET /count says how many texts came and how many different ones, then forgets them: {"texts": 5, "distinct": 4, "requests": 2}.
GET /peek says the same and forgets nothing.
"""
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
from embedder import MiniLm, vector


class Counts:
    def __init__(self):
        self.lock, self.requests, self.texts, self.distinct = threading.Lock(), 0, 0, set()

    def add(self, texts):
        with self.lock:
            self.requests += 1
            self.texts += len(texts)
            self.distinct.update(texts)

    def read(self, forget):
        with self.lock:
            seen = {"texts": self.texts, "distinct": len(self.distinct), "requests": self.requests}
            if forget:
                self.requests, self.texts, self.distinct = 0, 0, set()
        return seen


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    counts = Counts()

    @staticmethod
    def embed(texts):
        return [vector(text) for text in texts]

    def do_POST(self):
        asked = orjson.loads(self.rfile.read(int(self.headers["content-length"])))
        self.counts.add(asked["input"])
        data = [{"object": "embedding", "index": n, "embedding": found} for n, found in enumerate(self.embed(asked["input"]))]
        self.answer({"object": "list", "model": asked["model"], "data": data, "usage": {"prompt_tokens": 0, "total_tokens": 0}})

    def do_GET(self):
        self.answer(self.counts.read(forget=self.path == "/count"))

    def answer(self, value):
        body = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass  # A client that was killed.


if __name__ == "__main__":
    if sys.argv[1:]:
        Handler.embed = MiniLm(sys.argv[1]).embed
    server = Server(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_address[1]}/v1", flush=True)
    server.serve_forever()
