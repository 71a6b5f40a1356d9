"""Rank documents by their best chunk with bm25s: reads [[[document, text], ...], [[question, answers], ...]], prints the documents found."""

import json
import sys

import bm25s
import Stemmer

with open(sys.argv[1], encoding="utf-8") as file:
    chunks, cases = json.load(file)
stemmer = Stemmer.Stemmer("english")


def tokenize(texts):
    return bm25s.tokenize(texts, stopwords="en", stemmer=stemmer, show_progress=False)


index = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
index.index(tokenize([text for _, text in chunks]), show_progress=False)
places, scores = index.retrieve(tokenize([question for question, _ in cases]), k=min(len(chunks), 1000), show_progress=False)
print(
    json.dumps(
        [
            list(dict.fromkeys(chunks[place][0] for place, score in zip(row, row_scores) if score > 0))[:50]
            for row, row_scores in zip(places.tolist(), scores.tolist())
        ]
    )
)
