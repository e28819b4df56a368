"""Parts and proofs for people who plug their own parts in.

:class:`HashingEmbedder` is a deterministic model without weights; :func:`check_embedder` holds any
:class:`~suggest.index.embedding.Embedder` against its contract.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from suggest.index.embedding import Embedder, Vectors
from suggest.text import tokens


class HashingEmbedder:
    """Every term gets a fixed pseudo-random direction; a text is the sum of its terms."""

    def __init__(self, dimension: int = 64, *, name: str = "hashing") -> None:
        self.name = name
        self.dimension = dimension
        self.fingerprint = hashlib.sha256(f"{name}:{dimension}".encode()).hexdigest()

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed queries, shape (len(texts), dimension)."""
        return self.embed_documents(texts)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed documents, shape (len(texts), dimension)."""
        found = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for term in tokens(text):
                seed = int.from_bytes(hashlib.sha256(term.encode()).digest()[:8], "little")
                found[row] += np.random.default_rng(seed).standard_normal(self.dimension, dtype=np.float32)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        unit: Vectors = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
        return unit


def check_embedder(embedder: Embedder) -> None:
    """Raise AssertionError, with what is wrong, when ``embedder`` breaks its contract."""
    texts = ["パスワードを忘れました", "How do I export my invoices?", "請求書を再発行してください。" * 50]
    for embed in (embedder.embed_queries, embedder.embed_documents):
        together = embed(texts)
        assert together.shape == (3, embedder.dimension), f"shape {together.shape}"
        assert together.dtype == np.float32, f"dtype {together.dtype}"
        assert np.isfinite(together).all(), "not all values are finite"
        lengths = np.linalg.norm(together, axis=1)
        assert np.allclose(lengths, 1.0, atol=1e-3), f"vectors are not of length 1: {lengths}"
        alone = np.concatenate([embed([text]) for text in texts])
        assert np.allclose(together, alone, atol=1e-4), "a vector depends on its batch"
        assert embed([]).shape == (0, embedder.dimension), "no texts must give shape (0, dimension)"
    assert embedder.fingerprint and embedder.fingerprint == embedder.fingerprint, "no stable fingerprint"
    assert embedder.name, "no name"
