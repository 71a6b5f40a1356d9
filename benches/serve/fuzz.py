"""Sends random requests: fuzz.py URL [--requests 1000000] [--minutes 60] [--seed 1]. Fails on a 500, a hang, or a server that went away."""

import argparse
import asyncio
import collections
import json
import random
import sys
import time
import urllib.parse

PATHS = ["/", "/d/run-0/doc-1", "/d/~/doc-1", "/d/one/x", "/backlog", "/runs/run-0", "/api/search", "/api/facets", "/api/documents/~/doc-1", "/api/backlog",
         "/api/runs/run-0", "/api/embed", "/api/openapi.json", "/mcp", "/metrics", "/healthz", "/readyz", "/assets/page.js", "/none"]
TEXTS = ["", "a", "lease", "\0", "%00", "%ff", "../..", "'\"<script>", "\u202e\ufeff", "𝕏", "\r\nx: y", "-" * 50, "\"" * 9, "a" * 9000,
         "0", "-1", "99999999999999999999", "true", "null", "[]", "{}", "*", "?", "!", "\\", "%", "~", "user:x", "2026-01-31", "2026-02-30", "status=x", "updated>=2026-01-01", "section", "document", "german", "path/*"]
METHODS = ["GET"] * 10 + ["POST"] * 6 + ["HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "FOO"]
RPC = ["initialize", "ping", "tools/list", "tools/call", "resources/list", "resources/read", "resources/templates/list",
       "notifications/initialized", "logging/setLevel", "prompts/list", "server/discover", "x"]
TOOLS = ["search", "get_document", "list_sources", "none"]
FILTERS = ["source", "label", "language", "updated_from", "updated_to", "flag", "without_flag", "path", "ancestor", "run_id", "run_ids", "where",
           "without"]
KEYS = ["query", "limit", "document", "section", "max_tokens", "context", "texts", "kind", "x"] + FILTERS
PARAMETERS = ["q"] * 6 + ["limit", "section", "after", "chunk", "text_only", "min_score", "context", "context_tokens"] + FILTERS


def value(rng, depth=0):
    kind = rng.randrange(7 if depth < 3 else 4)
    if kind < 3:
        return rng.choice(TEXTS)
    if kind == 3:
        return rng.choice([None, True, False, 0, 1, -1, 5, 1.5, 2**40, 300])
    if kind == 4:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(KEYS): value(rng, depth + 1) for _ in range(rng.randrange(4))}


def body(rng, path):
    if path == "/mcp" and rng.random() < 0.9:
        method = rng.choice(RPC)
        params = value(rng)
        if method == "tools/call" and rng.random() < 0.9:
            arguments = {rng.choice(KEYS): value(rng) for _ in range(rng.randrange(4))}
            if rng.random() < 0.5:
                arguments |= {"query": rng.choice(TEXTS), rng.choice(FILTERS): [rng.choice(TEXTS)]}
            params = {"name": rng.choice(TOOLS), "arguments": arguments}
        text = json.dumps({"jsonrpc": "2.0", "id": rng.choice([1, "a", None]), "method": method, "params": params})
    elif path == "/api/embed" and rng.random() < 0.8:
        text = json.dumps({"texts": [rng.choice(TEXTS) for _ in range(rng.randrange(4))]} | ({"kind": value(rng)} if rng.random() < 0.3 else {}))
    else:
        text = json.dumps(value(rng))
    data = bytearray(text.encode("utf-8", "surrogatepass"))
    for _ in range(rng.choice([0, 0, 0, 1, 3])):
        if data:
            data[rng.randrange(len(data))] = rng.randrange(256)
    return bytes(data)


def request(rng):
    path, method = rng.choice(PATHS), rng.choice(METHODS)
    target = path
    if rng.random() < 0.3:
        target += "/" + urllib.parse.quote(rng.choice(TEXTS), safe=rng.choice(["", "/%"]))
    if rng.random() < 0.6:
        target += "?" + "&".join(f"{rng.choice(PARAMETERS)}={urllib.parse.quote(rng.choice(TEXTS), safe=rng.choice(['', '%']))}" for _ in range(rng.randrange(5)))
    target = target.replace("\r", "").replace("\n", "").replace(" ", "%20").replace("\0", "%00")
    data = body(rng, path) if method not in ("GET", "HEAD") and rng.random() < 0.9 else b""
    headers = {"Host": rng.choice(["localhost"] * 8 + ["127.0.0.1:1", "evil.example", "", "[::1]"])}
    for name, choices in {"Content-Type": ["application/json"] * 5 + ["text/plain", "application/x-www-form-urlencoded", "\xff"],
                          "Accept": ["application/json, text/event-stream", "text/html", "*/*", "x"],
                          "Origin": ["null", "http://localhost", "https://evil.example"], "Authorization": ["Bearer x", "Basic !!", "x"],
                          "Mcp-Session-Id": ["x"], "Mcp-Protocol-Version": ["2025-06-18", "2026-07-28", "x"], "X-Junk": ["a" * 4000]}.items():
        if rng.random() < (0.9 if name in ("Content-Type", "Accept") else 0.08):
            headers[name] = rng.choice(choices)
    lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
    if data or method == "POST":
        lines.append(f"Content-Length: {len(data)}")
    return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + data, method


async def send(state, host, port, rng):
    reader = writer = None
    while state["left"] > 0 and time.monotonic() < state["end"]:
        state["left"] -= 1
        message, method = request(rng)
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection(host, port)
            writer.write(message)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 35)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            state["statuses"]["closed"] += 1
            reader = writer = None
            continue
        except asyncio.TimeoutError:
            sys.exit(f"hang: {message[:500]!r}")
        status = int(head.split(b" ", 2)[1])
        state["statuses"][status] += 1
        if status == 500:
            sys.exit(f"500: {message[:2000]!r}")
        lower = head.lower()
        if b"content-length" in lower and method != "HEAD":
            await reader.readexactly(next(int(l.split(b":")[1]) for l in lower.split(b"\r\n") if l.startswith(b"content-length")))
        elif method != "HEAD" and status not in (202, 204, 304) or b"connection: close" in lower:
            writer.close()
            reader = writer = None


async def main(options):
    url = urllib.parse.urlsplit(options.url)
    state = {"left": options.requests, "statuses": collections.Counter(), "end": time.monotonic() + options.minutes * 60}
    await asyncio.gather(*(send(state, url.hostname, url.port, random.Random(options.seed * 1000 + n)) for n in range(16)))
    print(f"{sum(state['statuses'].values())} requests, no 500, no hang: {dict(state['statuses'])}")


parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("--requests", type=int, default=1_000_000)
parser.add_argument("--minutes", type=float, default=60, help="stop after this time")
parser.add_argument("--seed", type=int, default=1)
asyncio.run(main(parser.parse_args()))
