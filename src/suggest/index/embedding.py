"""The seam for embedding models: text in, unit vectors out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@runtime_checkable
class Embedder(Protocol):
    """What a model must offer. Queries and documents are embedded by different methods.

    Both return float32 of shape (len(texts), dimension), each row of length 1 (or all zeros for a
    text without any known token), in the order given. The same text always gives the same vector,
    whatever else is in the batch. Implementations are safe to call from several threads.
    """

    @property
    def name(self) -> str:
        """What people call the model."""

    @property
    def dimension(self) -> int:
        """Columns of the vectors."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same text would get another vector (weights, tokenizer, prompts)."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed what customers ask."""

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed what the team knows."""


@runtime_checkable
class TokenEmbedder(Embedder, Protocol):
    """A model over the tokens of :func:`suggest.text.tokens`, which need not be made twice then."""

    def embed_tokens(self, texts: Sequence[Sequence[str]]) -> Vectors:
        """Embed documents given as tokens, to the same vectors as ``embed_documents`` of their texts."""
