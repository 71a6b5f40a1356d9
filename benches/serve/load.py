"""50 clients search for a minute: load.py URL [--clients 50] [--seconds 60] [--text-only]. Prints rate, errors and percentiles."""

import argparse
import asyncio
import collections
import random
import time
import urllib.parse

WORDS = "run claim lease worker vector chunk reset document search backlog model table token error limit path index phase".split()


async def request(reader, writer, path):
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
    await reader.readexactly(length)
    return status


async def client(host, port, options, end, times, statuses, rng):
    reader, writer = await asyncio.open_connection(host, port)
    while time.monotonic() < end:
        query = {"q": " ".join(rng.sample(WORDS, 3))} | ({"text_only": "true"} if options.text_only else {})
        begun = time.monotonic()
        status = await request(reader, writer, "/api/search?" + urllib.parse.urlencode(query))
        statuses[status] += 1
        if status == 200:
            times.append(time.monotonic() - begun)
        else:
            await asyncio.sleep(0.1)
    writer.close()


async def main(options):
    url = urllib.parse.urlsplit(options.url)
    times, statuses, end = [], collections.Counter(), time.monotonic() + options.seconds
    await asyncio.gather(
        *(client(url.hostname, url.port, options, end, times, statuses, random.Random(n)) for n in range(options.clients))
    )
    times.sort()
    at = lambda part: times[min(int(len(times) * part), len(times) - 1)] * 1000 if times else 0
    print(f"{len(times) / options.seconds:.0f} searches/s, p50 {at(.5):.0f} ms, p95 {at(.95):.0f} ms, p99 {at(.99):.0f} ms, statuses {dict(statuses)}")


parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("--clients", type=int, default=50)
parser.add_argument("--seconds", type=int, default=60)
parser.add_argument("--text-only", action="store_true")
asyncio.run(main(parser.parse_args()))
