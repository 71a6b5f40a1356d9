"""Creates pairs of Confluence pages of 8 MB that consist mostly of elements: large_pages.py FOLDER.

Each kind of page is in its own folder: paragraphs, a list and a table, in storage format and in ADF. Then
`/usr/bin/time -v trailblazer normalize FOLDER/KIND --source confluence` shows the peak memory.
"""
import json
import sys
from pathlib import Path

SIZE = 8_000_000


def text(words, *marks):
    return {"type": "text", "text": words} | ({"marks": [{"type": mark} for mark in marks]} if marks else {})


def paragraph(number):
    return {"type": "paragraph", "content": [text(f"a{number}", "strong"), text(" "), text("b", "em")]}


def item(number):
    return {"type": "listItem", "content": [paragraph(number)]}


def row(number):
    return {"type": "tableRow", "content": [{"type": "tableCell", "content": [paragraph(number)]}] * 2}


def adf(node):
    return lambda number: json.dumps(node(number), separators=(",", ":")) + ","


DOCUMENT = '{"version":1,"type":"doc","content":['
STORAGE = "<p><strong>a{}</strong> <em>b</em></p>"
# The start and the end of a page, and the part that is repeated.
PAGES = {
    "paragraphs.xml": ("", "", STORAGE.format),
    "list.xml": ("<ul>", "</ul>", f"<li>{STORAGE}</li>".format),
    "table.xml": ("<table><tbody>", "</tbody></table>", f"<tr><td>{STORAGE}</td><td><p>b</p></td></tr>".format),
    "paragraphs.adf": (DOCUMENT, "]}", adf(paragraph)),
    "list.adf": (DOCUMENT + '{"type":"bulletList","content":[', "]}]}", adf(item)),
    "table.adf": (DOCUMENT + '{"type":"table","content":[', "]}]}", adf(row)),
}


def main(folder):
    for name, (start, end, part) in PAGES.items():
        body, number = [], 0
        size = 0
        while size < SIZE:
            body.append(part(number))
            size += len(body[-1])
            number += 1
        page = start + "".join(body).removesuffix(",") + end
        kind = folder / name.replace(".", "-")
        kind.mkdir(parents=True)
        for copy in ("one", "two"):
            (kind / f"{copy}.{name.split('.')[1]}").write_text(page)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
