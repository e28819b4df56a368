"""Late interaction: a question's words are compared with an entry's one by one (MaxSim; Khattab and Zaharia, 2020).

One vector for a whole text says what it is about; which of ten entries about the same thing answers is told by single
words. So the best candidates are compared again: the mean, over the word pieces of the question, of the cosine with the
nearest one of the entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from suggest.index.embedding import Embedder, Vectors

Packed = NDArray[np.int8]
"""An entry's word pieces, shape (n, w): unit vectors times 127, rounded."""
_ONE = 127.0
_ONE_THREAD = 250_000
"""Multiplications that OpenBLAS does in one thread; four times the processor time goes into waiting above that."""


@runtime_checkable
class LateInteraction(Embedder, Protocol):
    """A model that also gives the vectors of single word pieces. They depend on nothing but their text."""

    @property
    def piece_width(self) -> int:
        """Columns of a piece's vector; 0 when the model gives none after all."""

    def embed_question(self, text: str) -> Vectors:
        """Return the pieces of what a customer asks: unit vectors, shape (n, piece_width)."""

    def embed_entries(self, texts: Sequence[str]) -> tuple[Vectors, list[Packed]]:
        """Return what ``embed_documents`` does, and the pieces of each text, from one reading."""


def late_interaction(embedder: Embedder) -> LateInteraction | None:
    """Return ``embedder`` when it gives the vectors of single pieces."""
    if not getattr(embedder, "piece_width", 0):  # the check below takes longer
        return None
    return embedder if isinstance(embedder, LateInteraction) else None


def pack(vectors: Vectors) -> Packed:
    """Round unit vectors, shape (n, w)."""
    packed: Packed = np.rint(vectors * _ONE).astype(np.int8)
    return packed


def maxsim(question: Vectors, entries: Sequence[Packed]) -> NDArray[np.float32]:
    """Return how near each of ``entries`` is, shape (len(entries),), in -1..1; NaN for one without pieces."""
    found = np.full(len(entries), np.nan, np.float32)
    told = [i for i, pieces in enumerate(entries) if len(pieces)]
    if not told or not len(question):
        return found
    starts = np.cumsum([0, *(len(entries[i]) for i in told[:-1])])
    alike = _product(question, np.concatenate([entries[i] for i in told]).astype(np.float32))
    found[told] = np.maximum.reduceat(alike, starts, axis=1).mean(axis=0) / _ONE
    return found


def _product(question: Vectors, pieces: Vectors) -> Vectors:
    """Return ``question @ pieces.T``, a stretch at a time: a larger product would start threads that wait for each other."""
    found = np.empty((len(question), len(pieces)), np.float32)
    step = max(1, _ONE_THREAD // question.size)
    for start in range(0, len(pieces), step):
        np.matmul(question, pieces[start : start + step].T, out=found[:, start : start + step])
    return found
