"""Compares the pipelines, which take turns, and prints Markdown.

    compare.py TRAILBLAZER SOCKET CORPUS WORK MODE EMBEDDER

MODE is `instant`, `files`, `server`, `model` or `model-server`. SOCKET is the folder of a PostgreSQL server's socket.
"""
import sys
from pathlib import Path

from measure import NAMES, Bench, FilesInCocoIndex, FilesInTrailblazer, Framework, Trailblazer

SCENES = [
    ("first", "First run"),
    ("first", "Again, nothing changed"),
    ("edited", "A sentence added to 1 % of the documents"),
    ("topped", "A paragraph put on top of every document"),
]


def contenders(bench, binary, mode):
    if mode == "files":
        return prepared([FilesInTrailblazer(bench, binary), FilesInCocoIndex(bench)])
    # Two processes with a model share the same cores, and would continue after a kill.
    modules = [module for module in NAMES if mode == "instant" or module != "llamaindex_processes"]
    return prepared([Trailblazer(bench, binary)] + [Framework(bench, module) for module in modules])


def prepared(found):
    for place, contender in enumerate(found):
        contender.prepare(f"bench_{place}")
    return found


def rate(documents, seconds):
    found = documents / seconds
    return f"{found:,.0f}" if found >= 100 else f"{found:.1f}"


def row(name, documents, seconds, result, ratios=("", "")):
    ratios = [f"{ratio:.1f}" if ratio else "" for ratio in ratios]
    counts = [f"{number:,.0f}" for number in (result.texts, result.chunks, result.megabytes)]
    return f"| {' | '.join([name, rate(documents, seconds), *ratios, *counts])} |"


def table(documents, title, rows):
    """Prints the rates, and trailblazer's rate divided by the others, with and without registration."""
    ours = rows[0][1]
    print(f"\n{title}:\n")
    print("| | documents/s | trailblazer / it, from registered on | trailblazer / it | texts embedded | chunks stored | peak MB |")
    print("|---|--:|--:|--:|--:|--:|--:|")
    # If nothing changed, only the registration is measured.
    if ours.texts:
        print(row("trailblazer, from registered on", documents, ours.run_seconds, ours))
    print(row("trailblazer, registration included", documents, ours.seconds, ours))
    for name, other in rows[1:]:
        ratios = (ours.texts and other.seconds / ours.run_seconds, other.seconds / ours.seconds)
        print(row(name, documents, other.seconds, other, ratios))
    if title == SCENES[0][1]:
        print(f"\nThe vector index, which the others do not build, took trailblazer {ours.index_seconds:.1f} s more.")
    sys.stdout.flush()


def compare(documents, found, scenes):
    for variant, title in scenes:
        rows = []
        for contender in found:
            print(f"{title}: {contender.name} …", file=sys.stderr)
            rows.append((contender.name, contender.ingest(variant)))
        table(documents, title, rows)


def kill(documents, found):
    """Measures a run without a fault, and a run that is killed half way and then finished. The server counts the texts."""
    undisturbed = []
    for contender in found:
        print(f"through the server: {contender.name} …", file=sys.stderr)
        undisturbed.append(contender.ingest("first"))
    ours = undisturbed[0]
    print("\n| | documents/s | trailblazer / it | requests | texts | different | texts, with a kill | more | chunks | chunks, with a kill |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for place, (contender, result) in enumerate(zip(found, undisturbed)):
        print(f"killed: {contender.name} …", file=sys.stderr)
        contender.prepare(f"bench_{place}")
        killed = contender.kill_at("first", result.texts // 2)
        ratio = "" if result is ours else f"{result.seconds / ours.seconds:.1f}"
        counts = [result.requests, result.texts, result.distinct, killed.texts, killed.texts - result.texts, result.chunks, killed.chunks]
        cells = [contender.name, rate(documents, result.seconds), ratio, *(f"{count:,}" for count in counts)]
        print(f"| {' | '.join(cells)} |", flush=True)


def main(binary, socket, corpus, work, mode, embedder):
    bench = Bench(socket, Path(work), Path(corpus), embedder)
    found = contenders(bench, binary, mode)
    if mode == "files":
        compare(len(list((bench.corpus / "first").glob("*.md"))), found, SCENES[:3])
        return
    documents = sum(1 for _ in open(bench.corpus / "first.ndjson"))
    if bench.counted:
        kill(documents, found)
    else:
        compare(documents, found, SCENES)


if __name__ == "__main__":
    main(*sys.argv[1:])
