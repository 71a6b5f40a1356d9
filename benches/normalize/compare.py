"""Compares the Confluence reader with markdownify and pandoc on the same pages; prints Markdown.

    compare.py BINARY TOOLS WORK

Each contender uses all cores, files in parallel; a second figure of ours is on one core. The best of three rounds counts.
"""
import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

BINARY, TOOLS, WORK = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
CORES = sorted(os.sched_getaffinity(0))
CORPORA = Path(os.environ.get("TRAILBLAZER_CORPORA", "../shared/corpora"))
PAGE_BYTES, COPIES, EXPORT_MB, ROUNDS = 64 * 1024, 4, int(os.environ.get("EXPORT_MB", "500")), 3
sys.path.insert(0, str(TOOLS))


def pages():
    """Returns the storage pages of the corpora, each repeated so that the startup time of a contender does not matter."""
    folder = WORK / "pages"
    if not folder.is_dir():
        folder.mkdir(parents=True)
        number = 0
        for source in sorted(path for path in CORPORA.glob("cf-*/**/*") if path.suffix in (".xml", ".html")):
            text = source.read_bytes()
            if b"<hibernate-generic" in text or not text.strip():
                continue
            text = text * (1 + PAGE_BYTES // len(text))
            for _ in range(COPIES):
                (folder / f"{number}.html").write_bytes(text)
                number += 1
    return folder


def best(run):
    return min(run() for _ in range(ROUNDS))


def ours(path, cores):
    command = ["taskset", "-c", ",".join(map(str, cores)), BINARY, "read", str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()[0])


def with_markdownify(path):
    from markdownify import markdownify

    return len(markdownify(Path(path).read_text(errors="replace")))


def with_pandoc(path):
    pandoc = TOOLS / "pypandoc" / "files" / "pandoc"
    command = [str(pandoc), "-f", "html", "-t", "gfm", "-o", os.devnull, path]
    subprocess.run(command, stderr=subprocess.DEVNULL, check=True)


def pooled(convert, files):
    with multiprocessing.Pool(len(CORES)) as pool:
        pool.map(abs, range(len(CORES)))
        start = time.monotonic()
        pool.map(convert, files, chunksize=4)
        return time.monotonic() - start


def main():
    folder = pages()
    files = sorted(str(path) for path in folder.iterdir())
    size = sum(os.path.getsize(path) for path in files) / 1e6
    # The other converters are slow, so they get only a part of the pages.
    part = files[:: max(1, len(files) // 40)]
    share = sum(os.path.getsize(path) for path in part) / 1e6
    one, all_ = best(lambda: ours(folder, CORES[:1])), best(lambda: ours(folder, CORES))
    rows = [("trailblazer", size / all_, f"{len(CORES)} cores"), ("trailblazer", size / one, "1 core")]
    for name, convert in (("markdownify", with_markdownify), ("pandoc", with_pandoc)):
        rows.append((name, share / pooled(convert, part), f"{len(CORES)} cores"))
    print(f"{len(files)} pages, {size:.0f} MB; load before the run: {os.getloadavg()[0]:.1f}\n")
    print("| converter | cores | MB/s | trailblazer is |\n|---|--:|--:|--:|")
    for name, speed, cores in rows:
        print(f"| {name} | {cores} | {speed:.2f} | {size / all_ / speed:.1f} times |")
    export = WORK / "export"
    export.mkdir(exist_ok=True)
    subprocess.run([BINARY, "export", str(export / "entities.xml"), str(EXPORT_MB)], check=True)
    start = time.monotonic()
    process = subprocess.Popen([BINARY, "read", str(export)], stdout=subprocess.PIPE, text=True)
    output = process.stdout.read().split()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, "the export was not read"
    megabytes = (export / "entities.xml").stat().st_size / 1e6
    (export / "entities.xml").unlink()
    print(f"\nA space export of {megabytes:.0f} MB, {output[1]} pages, {output[2]} failures: "
          f"{time.monotonic() - start:.1f} s, at most {usage.ru_maxrss / 1024:.0f} MB of memory.")


if __name__ == "__main__":
    main()
