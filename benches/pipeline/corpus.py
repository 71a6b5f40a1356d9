"""Creates the corpus of the comparison and its edited variants.

    corpus.py RUNS FOLDER COUNT
    corpus.py --files FOLDER OUT

Takes each text of RUNS/*/normalize/normalized.ndjson once, and copies all of them until there are COUNT documents. Every paragraph
of a copy begins with words that only this copy has: nobody gains by knowing a text that another document has too. Each variant is
FOLDER/<variant>.ndjson for the frameworks, and runs of 100 documents in FOLDER/<variant>/ for `trailblazer runs backfill`.

With --files, writes each document of a corpus as a Markdown file to OUT/first, with a DITA map of all, and those that `edited` changes
to OUT/edited.
"""
import json
import sys
from pathlib import Path

SHORTEST = 200  # Characters: fixtures and stubs of a line or two are not documents.
RUN = 100
ADDED = "This page was reviewed, and what it says holds for the release of this month."


def originals(runs):
    seen = set()
    for path in sorted(runs.glob("*/normalize/normalized.ndjson")):
        for line in path.read_text().splitlines():
            document = json.loads(line)
            text = document["text_md"]
            if len(text) >= SHORTEST and text not in seen:
                seen.add(text)
                yield {"title": document["title"], "text_md": text, "source_system": document["source_system"]}


def replicated(documents, count):
    for number in range(count):
        copy, place = divmod(number, len(documents))
        document = dict(documents[place], id=f"document-{number:06}")
        if copy:
            mark = f"Copy {copy + 1}."
            document["title"] = f"{document['title']} ({copy + 1})"
            document["text_md"] = "\n\n".join(f"{mark}\n{block}" for block in document["text_md"].split("\n\n"))
        yield document


def edited(document):
    """Adds a sentence at the end of the middle paragraph."""
    blocks = document["text_md"].split("\n\n")
    blocks[len(blocks) // 2] += f"\n{ADDED}"
    return dict(document, text_md="\n\n".join(blocks))


def write(folder, name, documents):
    lines = [json.dumps(document, ensure_ascii=False) + "\n" for document in documents]
    (folder / f"{name}.ndjson").write_text("".join(lines))
    for first in range(0, len(lines), RUN):
        run = folder / name / f"run-{first // RUN:04}" / "normalize"
        run.mkdir(parents=True)
        (run / "normalized.ndjson").write_text("".join(lines[first : first + RUN]))


def main(runs, folder, count):
    folder.mkdir(parents=True)
    found = list(originals(runs))
    documents = list(replicated(found, count))
    write(folder, "first", documents)
    # One in a hundred documents, so that every run of trailblazer contains one.
    write(folder, "edited", [edited(d) if n % 100 == 50 else d for n, d in enumerate(documents)])
    write(folder, "topped", [dict(d, text_md=f"{ADDED}\n\n{d['text_md']}") for d in documents])
    size = sum(len(document["text_md"]) for document in documents) / 1e6
    print(f"{count} documents, {size:.1f} MB of Markdown, from {min(len(found), count)} texts")


def files(folder, out):
    for variant in ("first", "edited"):
        (out / variant).mkdir(parents=True)
    names = []
    with open(folder / "first.ndjson") as first, open(folder / "edited.ndjson") as edited:
        for line, changed in zip(first, edited):
            name = f"{json.loads(line)['id']}.md"
            names.append(name)
            write_file(out / "first" / name, line)
            if changed != line:
                write_file(out / "edited" / name, changed)
    topics = "".join(f'<topicref href="{name}" format="markdown"/>\n' for name in names)
    (out / "first" / "all.ditamap").write_text(f"<map><title>Corpus</title>\n{topics}</map>\n")


def write_file(path, line):
    document = json.loads(line)
    path.write_text(f"# {document['title']}\n\n{document['text_md']}\n")


if __name__ == "__main__":
    if sys.argv[1] == "--files":
        files(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
