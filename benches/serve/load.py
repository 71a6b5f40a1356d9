"""Clients search for a while: load.py URL QUESTIONS [--clients 50] [--seconds 60] [--text-only]. Prints rate, statuses and percentiles.

QUESTIONS is a file with a question on each line. Fails on any status besides 200, or with --overload besides 200 and a 503 with Retry-After."""

import argparse
import asyncio
import collections
import random
import sys
import time
import urllib.parse


async def request(reader, writer, path):
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.startswith(b"content-length"))
    await reader.readexactly(length)
    status = int(head.split(b" ", 2)[1])
    return "503 without Retry-After" if status == 503 and b"\nretry-after:" not in head else status


async def client(host, port, options, end, times, statuses, rng):
    reader, writer = await asyncio.open_connection(host, port)
    while time.monotonic() < end:
        query = {"q": rng.choice(options.questions), "min_score": 0} | ({"text_only": "true"} if options.text_only else {})
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
    with open(options.questions) as lines:
        options.questions = lines.read().splitlines()
    times, statuses, end = [], collections.Counter(), time.monotonic() + options.seconds
    await asyncio.gather(
        *(client(url.hostname, url.port, options, end, times, statuses, random.Random(n)) for n in range(options.clients))
    )
    times.sort()
    at = lambda part: times[min(int(len(times) * part), len(times) - 1)] * 1000 if times else 0
    print(f"{len(times) / options.seconds:.0f} searches/s, p50 {at(.5):.1f} ms, p95 {at(.95):.1f} ms, p99 {at(.99):.1f} ms, statuses {dict(statuses)}")
    if set(statuses) - {200, 503 if options.overload else 200}:
        sys.exit("unexpected status")


parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("questions")
parser.add_argument("--clients", type=int, default=50)
parser.add_argument("--seconds", type=int, default=60)
parser.add_argument("--text-only", action="store_true")
parser.add_argument("--overload", action="store_true")
asyncio.run(main(parser.parse_args()))
