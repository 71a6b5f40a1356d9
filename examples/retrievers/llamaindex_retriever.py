"""A LlamaIndex retriever: TrailblazerRetriever("http://127.0.0.1:8080").retrieve("How do I reset runs?")"""

import json
import urllib.parse
import urllib.request

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode


class TrailblazerRetriever(BaseRetriever):
    def __init__(self, url="http://127.0.0.1:8080", token=None, limit=5, **filters):
        super().__init__()
        self.url, self.token, self.limit, self.filters = url, token, limit, filters

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        params = {"q": query_bundle.query_str, "limit": self.limit, **self.filters}
        request = urllib.request.Request(f"{self.url}/api/search?{urllib.parse.urlencode(params, doseq=True)}")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=30) as response:
            hits = json.load(response)["hits"]
        return [
            NodeWithScore(node=TextNode(text=hit.pop("text"), id_=f"{hit['run_id']}/{hit['doc_id']}/{hit['ord']}", metadata=hit), score=hit["score"])
            for hit in hits
        ]


if __name__ == "__main__":
    import sys

    for found in TrailblazerRetriever(sys.argv[1]).retrieve(sys.argv[2]):
        print(found.node.metadata["title"], found.node.metadata["url"], sep="\t")
