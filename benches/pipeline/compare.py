"""Compares the pipelines, one after the other in turns, and prints Markdown.

    compare.py TRAILBLAZER SOCKET CORPUS WORK MODE EMBEDDER

MODE is `instant`, `server` or `model`. SOCKET is the folder of a PostgreSQL server's socket.
"""
import sys
from pathlib import Path

from measure import NAMES, Bench, Framework, Trailblazer

SCENES = [
    ("first", "First run"),
    ("first", "Again, nothing changed"),
    ("edited", "A sentence added to 1 % of the documents"),
    ("topped", "A paragraph put on top of every document"),
]


def contenders(bench, binary):
    found = [Trailblazer(bench, binary)] + [Framework(bench, module) for module in NAMES]
    for place, contender in enumerate(found):
        contender.prepare(f"bench_{place}")
    return found


def speed(documents, result):
    return f"{documents / result.seconds:,.0f}"


def table(documents, title, rows):
    """Rates, and how many times as fast trailblazer is: from documents to vectors, and from registered documents on."""
    ours = rows[0][1]
    print(f"\n{title}:\n")
    print("| | documents/s | trailblazer is, registration included | trailblazer is, from registered on | texts embedded | chunks stored | peak MB |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    rest = f"{ours.texts:,} | {ours.chunks:,} | {ours.megabytes:,.0f} |"
    if ours.texts:
        print(f"| trailblazer, from registered on | {documents / ours.run_seconds:,.0f} | | | {rest}")
    for name, result in rows:
        shown = "trailblazer, registration included" if result is ours else name
        times = "|" if result is ours else f"{result.seconds / ours.seconds:.1f} times | "
        times += "" if result is ours or not ours.texts else f"{result.seconds / ours.run_seconds:.1f} times"
        numbers = f"{result.texts:,} | {result.chunks:,} | {result.megabytes:,.0f}"
        print(f"| {shown} | {speed(documents, result)} | {times} | {numbers} |")
    if ours.index_seconds:
        print(f"\nThe vector index, which the others do not build, took trailblazer {ours.index_seconds:.1f} s more.")
    sys.stdout.flush()


def compare(documents, found):
    for variant, title in SCENES:
        rows = []
        for contender in found:
            print(f"{title}: {contender.name} …", file=sys.stderr)
            rows.append((contender.name, contender.ingest(variant)))
        table(documents, title, rows)


def kill(documents, found):
    """The first run undisturbed, then killed half way and run to the end; texts as the server counted them."""
    undisturbed = []
    for contender in found:
        print(f"through the server: {contender.name} …", file=sys.stderr)
        undisturbed.append(contender.ingest("first"))
    ours = undisturbed[0]
    print("\n| | documents/s | trailblazer is | requests | texts | different ones | texts with a kill | too many | chunks stored | with a kill |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for place, (contender, result) in enumerate(zip(found, undisturbed)):
        print(f"killed: {contender.name} …", file=sys.stderr)
        contender.prepare(f"bench_{place}")
        killed = contender.kill_at("first", result.texts // 2)
        times = "" if result is ours else f"{result.seconds / ours.seconds:.1f} times"
        numbers = [result.requests, result.texts, result.distinct, killed.texts, killed.texts - result.texts, result.chunks, killed.chunks]
        print(f"| {contender.name} | {speed(documents, result)} | {times} | " + " | ".join(f"{n:,}" for n in numbers) + " |", flush=True)


def main(binary, socket, corpus, work, mode, embedder):
    bench = Bench(socket, Path(work), Path(corpus), embedder)
    documents = sum(1 for _ in open(bench.corpus / "first.ndjson"))
    found = contenders(bench, binary)
    (kill if mode == "server" else compare)(documents, found)


if __name__ == "__main__":
    main(*sys.argv[1:])
