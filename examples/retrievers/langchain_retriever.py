"""A LangChain retriever: TrailblazerRetriever(url="http://127.0.0.1:8080").invoke("How do I reset runs?")"""

import json
import urllib.parse
import urllib.request

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever


class TrailblazerRetriever(BaseRetriever):
    url: str = "http://127.0.0.1:8080"
    token: str | None = None
    limit: int = 5
    source: list[str] = []
    label: list[str] = []

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        params = {"q": query, "limit": self.limit, "source": self.source, "label": self.label}
        request = urllib.request.Request(f"{self.url}/api/search?{urllib.parse.urlencode(params, doseq=True)}")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        with urllib.request.urlopen(request, timeout=30) as response:
            hits = json.load(response)["hits"]
        return [Document(page_content=hit.pop("text"), id=f"{hit['run_id']}/{hit['doc_id']}", metadata=hit) for hit in hits]


if __name__ == "__main__":
    import sys

    for document in TrailblazerRetriever(url=sys.argv[1]).invoke(sys.argv[2]):
        print(document.metadata["title"], document.metadata["url"], sep="\t")
