"""Several models as one: their vectors side by side.

A unit vector made of parts scaled by √w has a cosine that is the weighted mean of the parts' cosines, so
one vector leg searches by all models at once, exactly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from suggest.index.embedding import Embedder, Vectors


class CombinedEmbedder:
    """Embeds with several models; the cosine of two texts is the weighted mean of the models' cosines."""

    def __init__(self, name: str, parts: Sequence[tuple[Embedder, float]]) -> None:
        """Combine ``(model, weight)`` pairs; the weights sum to 1."""
        self._name = name
        self._parts = tuple(parts)

    @property
    def name(self) -> str:
        """What people call the combination."""
        return self._name

    @property
    def dimension(self) -> int:
        """Columns of the vectors: the models' columns side by side."""
        return sum(model.dimension for model, _ in self._parts)

    @property
    def fingerprint(self) -> str:
        """SHA-256 (hex) over the models' fingerprints and weights."""
        said = ";".join(f"{model.fingerprint}*{weight:.4f}" for model, weight in self._parts)
        return hashlib.sha256(said.encode()).hexdigest()

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed what customers ask."""
        return self._beside([model.embed_queries(texts) for model, _ in self._parts])

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed what the team knows."""
        return self._beside([model.embed_documents(texts) for model, _ in self._parts])

    def _beside(self, found: Sequence[Vectors]) -> Vectors:
        scaled = [
            vectors * np.float32(weight**0.5) for vectors, (_, weight) in zip(found, self._parts, strict=True)
        ]
        joined: Vectors = np.concatenate(scaled, axis=1)
        return joined
