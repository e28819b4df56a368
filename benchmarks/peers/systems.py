"""The systems that are compared, each behind ``index(documents)`` and ``search(text)``.

Every system runs with its defaults; only what a comparison needs is set: ten results, and a model in a folder.
A document is ``{"id", "title", "body"}``; peers get title and body as one text, a line each. Systems that cut
documents into chunks are asked for 30 chunks, of which the first ten different documents count.
"""

from __future__ import annotations

import json
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from vectors import Cache

Document = dict[str, str]
Found = list[tuple[str, float]]

TOP = 10
CHUNKS = 30
MINILM_TOKENS = 256  # where sentence-transformers cuts a text for all-MiniLM-L6-v2


def text_of(document: Document) -> str:
    """Return title and body as one text."""
    return "\n".join(part for part in (document["title"], document["body"]) if part.strip())


def first_different(found: Iterable[tuple[str, float]]) -> Found:
    """Keep the best chunk of each document."""
    best: dict[str, float] = {}
    for key, score in found:
        best.setdefault(key, score)
    return list(best.items())[:TOP]


class System(ABC):
    """One system over one corpus."""

    packages: Sequence[str] = ()
    """Distributions whose versions are stated."""
    uses_model = False

    def __init__(self, model: str, cache: Cache | None) -> None:
        self.model = model
        self.cache = cache

    @abstractmethod
    def index(self, documents: list[Document]) -> None:
        """Index all documents."""

    @abstractmethod
    def search(self, text: str) -> Found:
        """Return the ten best documents with their scores."""


class Ours(System):
    """suggest: a knowledge base in a temporary folder, read from a file of title and body as users do."""

    packages = ("reply-suggest",)

    def index(self, documents: list[Document]) -> None:
        """Read and sync the articles."""
        from suggest import KnowledgeBase, read_entries

        self._folder = tempfile.TemporaryDirectory()
        source = Path(self._folder.name) / "corpus.jsonl"
        lines = [json.dumps({key: d[key] for key in ("id", "title", "body")}) for d in documents]
        source.write_text("\n".join(lines), encoding="utf-8")
        self._kb = KnowledgeBase.open(Path(self._folder.name) / "kb")
        self._kb.sync(read_entries(source))

    def search(self, text: str) -> Found:
        """Search with the settings' defaults."""
        return [(match.entry_id, match.score) for match in self._kb.search(text, top=TOP)]


class SentenceTransformers(System):
    """all-MiniLM-L6-v2 and cosine, nothing else."""

    packages = ("sentence-transformers",)
    uses_model = True

    def index(self, documents: list[Document]) -> None:
        """Encode the texts."""
        from sentence_transformers import SentenceTransformer

        self._encoder = SentenceTransformer(self.model)
        self._ids = [d["id"] for d in documents]
        texts = [text_of(d) for d in documents]
        with _cached_sentence_transformers(self.cache):
            self._vectors = self._encoder.encode(texts, normalize_embeddings=True)

    def search(self, text: str) -> Found:
        """Multiply and sort."""
        import numpy as np

        scores = self._vectors @ self._encoder.encode([text], normalize_embeddings=True)[0]
        return [(self._ids[i], float(scores[i])) for i in np.argsort(-scores, kind="stable")[:TOP]]


class Bm25s(System):
    """bm25s with its own tokenizer."""

    packages = ("bm25s",)

    def index(self, documents: list[Document]) -> None:
        """Tokenize and index."""
        import bm25s

        self._ids = [d["id"] for d in documents]
        self._index = bm25s.BM25()
        tokens = bm25s.tokenize([text_of(d) for d in documents], show_progress=False)
        self._index.index(tokens, show_progress=False)

    def search(self, text: str) -> Found:
        """Retrieve."""
        import bm25s

        tokens = bm25s.tokenize(text, show_progress=False)
        rows, scores = self._index.retrieve(tokens, k=min(TOP, len(self._ids)), show_progress=False)
        return [(self._ids[int(r)], float(s)) for r, s in zip(rows[0], scores[0], strict=True)]


class HaystackBm25(System):
    """Haystack: InMemoryBM25Retriever."""

    packages = ("haystack-ai",)

    def index(self, documents: list[Document]) -> None:
        """Write the documents."""
        from haystack import Document as Item
        from haystack.components.retrievers.in_memory import InMemoryBM25Retriever
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        store = InMemoryDocumentStore()
        store.write_documents([Item(id=d["id"], content=text_of(d)) for d in documents])
        self._retriever = InMemoryBM25Retriever(store, top_k=TOP)

    def search(self, text: str) -> Found:
        """Retrieve."""
        return [(d.id, d.score or 0.0) for d in self._retriever.run(query=text)["documents"]]


class HaystackVectors(System):
    """Haystack: InMemoryEmbeddingRetriever with the sentence-transformers embedders."""

    packages = ("haystack-ai", "sentence-transformers-haystack")
    uses_model = True

    def index(self, documents: list[Document]) -> None:
        """Embed and write the documents."""
        from haystack import Document as Item
        from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
        from haystack.document_stores.in_memory import InMemoryDocumentStore
        from haystack_integrations.components.embedders.sentence_transformers import (
            SentenceTransformersDocumentEmbedder,
            SentenceTransformersTextEmbedder,
        )

        embedder = SentenceTransformersDocumentEmbedder(model=self.model, progress_bar=False)
        self._embedder = SentenceTransformersTextEmbedder(model=self.model, progress_bar=False)
        for part in (embedder, self._embedder):
            if hasattr(part, "warm_up"):
                part.warm_up()
        store = InMemoryDocumentStore()
        items = [Item(id=d["id"], content=text_of(d)) for d in documents]
        with _cached_sentence_transformers(self.cache):
            store.write_documents(embedder.run(items)["documents"])
        self._retriever = InMemoryEmbeddingRetriever(store, top_k=TOP)

    def search(self, text: str) -> Found:
        """Embed and retrieve."""
        embedding = self._embedder.run(text)["embedding"]
        found = self._retriever.run(query_embedding=embedding)["documents"]
        return [(d.id, d.score or 0.0) for d in found]


class LlamaIndexBm25(System):
    """LlamaIndex: BM25Retriever over the default splitter's chunks."""

    packages = ("llama-index-core", "llama-index-retrievers-bm25")

    def index(self, documents: list[Document]) -> None:
        """Split and index."""
        from llama_index.core import Document as Item
        from llama_index.core import Settings
        from llama_index.retrievers.bm25 import BM25Retriever

        items = [Item(text=text_of(d), doc_id=d["id"]) for d in documents]
        nodes = Settings.node_parser.get_nodes_from_documents(items)
        self._retriever = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=CHUNKS)

    def search(self, text: str) -> Found:
        """Retrieve."""
        found = self._retriever.retrieve(text)
        return first_different((n.node.ref_doc_id or "", n.score or 0.0) for n in found)


class LlamaIndexVectors(System):
    """LlamaIndex: VectorStoreIndex in memory."""

    packages = ("llama-index-core", "llama-index-embeddings-huggingface")
    uses_model = True

    def index(self, documents: list[Document]) -> None:
        """Split, embed and index."""
        from llama_index.core import Document as Item
        from llama_index.core import VectorStoreIndex
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        items = [Item(text=text_of(d), doc_id=d["id"]) for d in documents]
        embedding = HuggingFaceEmbedding(model_name=self.model)
        with _cached_sentence_transformers(self.cache):
            index = VectorStoreIndex.from_documents(items, embed_model=embedding)
        self._retriever = index.as_retriever(similarity_top_k=CHUNKS)

    def search(self, text: str) -> Found:
        """Embed and retrieve."""
        found = self._retriever.retrieve(text)
        return first_different((n.node.ref_doc_id or "", n.score or 0.0) for n in found)


class TxtaiKeyword(System):
    """txtai: ``Embeddings(keyword=True)``."""

    packages = ("txtai",)

    def settings(self) -> dict[str, Any]:
        """Return the configuration."""
        return {"keyword": True}

    def index(self, documents: list[Document]) -> None:
        """Index."""
        from txtai import Embeddings

        self._index = Embeddings(**self.settings())
        with _cached_txtai(self.cache):
            self._index.index([(d["id"], text_of(d), None) for d in documents])

    def search(self, text: str) -> Found:
        """Search."""
        return [(key, float(score)) for key, score in self._index.search(text, TOP)]


class TxtaiVectors(TxtaiKeyword):
    """txtai: ``Embeddings(path=model)``."""

    uses_model = True

    def settings(self) -> dict[str, Any]:
        """Return the configuration."""
        return {"path": self.model}


class _Patched:
    """Replace a method while documents are indexed, so that their vectors may come from the cache."""

    def __init__(self, owner: Any, replacement: Callable[..., Any]) -> None:
        self._owner, self._original, self._replacement = owner, owner.encode, replacement

    def __enter__(self) -> None:
        self._owner.encode = self._replacement

    def __exit__(self, *_: object) -> None:
        self._owner.encode = self._original


def _cached_sentence_transformers(cache: Cache | None) -> _Patched:
    from sentence_transformers import SentenceTransformer

    original = SentenceTransformer.encode

    def encode(self: Any, sentences: Any, *args: Any, **kwargs: Any) -> Any:
        if cache is None or isinstance(sentences, str):
            return original(self, sentences, *args, **kwargs)
        return cache.encode(sentences, sentences, lambda part: original(self, part, show_progress_bar=False))

    return _Patched(SentenceTransformer, encode)


def _cached_txtai(cache: Cache | None) -> _Patched:
    from txtai.vectors import HFVectors

    original = HFVectors.encode

    def encode(self: Any, data: Any, category: Any = None) -> Any:
        if cache is None:
            return original(self, data, category)
        lengths = [len(ids) for ids in self.model.tokenizer(list(data), verbose=False)["input_ids"]]
        # txtai cuts at 512 tokens: only longer texts get another vector than from sentence-transformers
        keys = [t if n <= MINILM_TOKENS else f"512 tokens\n{t}" for t, n in zip(data, lengths, strict=True)]
        return cache.encode(data, keys, lambda part: original(self, part, category))

    return _Patched(HFVectors, encode)


SYSTEMS: dict[str, type[System]] = {
    "suggest": Ours,
    "haystack BM25": HaystackBm25,
    "haystack vectors": HaystackVectors,
    "LlamaIndex BM25": LlamaIndexBm25,
    "LlamaIndex vectors": LlamaIndexVectors,
    "txtai keyword": TxtaiKeyword,
    "txtai vectors": TxtaiVectors,
    "bm25s": Bm25s,
    "all-MiniLM-L6-v2": SentenceTransformers,
}
