"""Several models as one: their vectors side by side.

A unit vector made of parts scaled by √w has a cosine that is the weighted mean of the parts' cosines, so
one vector leg searches by all models at once, exactly.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from suggest.index.embedding import Embedder, Vectors
from suggest.index.late import Packed, late_interaction


class CombinedEmbedder:
    """Embeds with several models; the cosine of two texts is the weighted mean of the models' cosines."""

    def __init__(self, name: str, parts: Sequence[tuple[Embedder, float]]) -> None:
        """Combine ``(model, weight)`` pairs; the weights sum to 1."""
        self._name = name
        self._parts = tuple(parts)
        self._late = next((late for model, _ in parts if (late := late_interaction(model))), None)

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
        made = [
            model.embed_queries(texts) for model, _ in reversed(self._parts)
        ]  # a search analyses words meanwhile
        return self._beside(made[::-1])

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed what the team knows."""
        return self._beside([model.embed_documents(texts) for model, _ in self._parts])

    @property
    def piece_width(self) -> int:
        """Columns of a word piece's vector, from the first model that gives some; 0 when none does."""
        return 0 if self._late is None else self._late.piece_width

    def embed_question(self, text: str) -> Vectors:
        """Return the word pieces of what a customer asks."""
        assert self._late is not None  # piece_width says so
        return self._late.embed_question(text)

    def embed_entries(self, texts: Sequence[str]) -> tuple[Vectors, list[Packed]]:
        """Return what :meth:`embed_documents` does, and the word pieces of each text, from one reading."""
        pieces: list[Packed] = []
        found = []
        for model, _ in self._parts:
            if model is self._late:
                vectors, pieces = self._late.embed_entries(texts)
                found.append(vectors)
            else:
                found.append(model.embed_documents(texts))
        return self._beside(found), pieces

    def _beside(self, found: Sequence[Vectors]) -> Vectors:
        scaled = [
            vectors * np.float32(weight**0.5) for vectors, (_, weight) in zip(found, self._parts, strict=True)
        ]
        joined: Vectors = np.concatenate(scaled, axis=1)
        return joined
