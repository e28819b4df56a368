"""Passages of long entries: their vectors beside the whole entry's, so that one paragraph is enough to be found.

A vector of a long text is the mean of many things, and what a model does not read at all is missing from it. An
entry whose answer is long also has a vector for each passage, with its question in front. ``passages.npz`` of a generation
holds ``key`` int64 (m,), the store key that each passage belongs to, ascending, and ``vectors`` float32
(m, d); it is absent when no entry is long.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.errors import KnowledgeBaseCorrupt
from suggest.index.analysis import parts_of
from suggest.index.embedding import Vectors
from suggest.records import Entry
from suggest.text import clean, sentences

LONG = 1_200
"""Width from which an answer is cut; a Japanese character has width 1, a Latin one 0.45."""
LONG_TERMS = 160
"""No answer with fewer terms is so long."""
_WIDTH = 220
_MOST = 40
"""Passages of one entry; what lies beyond is found by words only."""
_LATIN = 0.45


def passages_of(entry: Entry) -> list[str]:
    """Return the passages of ``entry``, each with its question in front; none when it is not long."""
    parts = parts_of(entry)
    answer = clean(parts.answer)
    if _width(answer) < LONG:
        return []
    made: list[str] = []
    start, filled = 0, 0.0
    for sentence in sentences(answer):
        width = _width(sentence.text)
        if filled and filled + width > _WIDTH:
            made.append(answer[start : sentence.start])
            start, filled = sentence.start, 0.0
        filled += width
    made.append(answer[start:])
    question = clean(parts.question)
    return [
        "\n".join(filter(None, [question, passage.strip()])) for passage in made[:_MOST] if passage.strip()
    ]


def _width(text: str) -> float:
    latin = sum(char.isascii() for char in text)
    return len(text) - latin + _LATIN * latin


def write(path: Path, keys: NDArray[np.int64], vectors: Vectors) -> None:
    """Write the passages of a generation; ``keys`` of shape (m,) need no order."""
    order = np.argsort(keys, kind="stable")
    np.savez(path, allow_pickle=False, key=keys[order], vectors=vectors[order])


class PassageLeg:
    """The passages of one generation. Immutable, so safe to share between threads."""

    def __init__(self, path: Path | None, keys: NDArray[np.int64], dimension: int) -> None:
        """Open ``path`` (None: no entry is long) for the entries with ``keys``, row for row.

        Raises KnowledgeBaseCorrupt when it cannot be read or belongs to other entries.
        """
        self.keys: NDArray[np.int64] = np.zeros(0, np.int64)
        self.vectors: Vectors = np.zeros((0, dimension), np.float32)
        if path is not None:
            try:
                with np.load(path, allow_pickle=False) as columns:
                    self.keys, self.vectors = columns["key"], columns["vectors"]
            except (OSError, ValueError, KeyError) as error:
                raise KnowledgeBaseCorrupt(f"{path}: cannot be read: {error}") from error
        by_key = np.argsort(keys, kind="stable")
        places = np.searchsorted(keys[by_key], self.keys)
        known = places < len(keys)
        known[known] = keys[by_key][places[known]] == self.keys[known]
        if self.vectors.shape != (len(self.keys), dimension) or not known.all():
            raise KnowledgeBaseCorrupt(f"{path}: does not belong to the entries of its generation")
        self._row: NDArray[np.int64] = by_key[places].astype(np.int64)
        self._rows: NDArray[np.int64] = np.unique(self._row)

    def __len__(self) -> int:
        return len(self.keys)

    def nearest(self, query: NDArray[np.float32], among: NDArray[np.bool_]) -> dict[int, float]:
        """Return ``{row: cosine}`` of the best passage of each long entry in ``among``, shape (n,) of rows."""
        if not len(self) or not query.any():
            return {}
        best: NDArray[Any] = np.full(len(among), -1.0, np.float32)
        np.maximum.at(best, self._row, self.vectors @ query)
        return {int(row): float(best[row]) for row in self._rows[among[self._rows]]}

    def of(self, keys: Sequence[int] | NDArray[np.int64]) -> tuple[NDArray[np.int64], Vectors]:
        """Return keys (m,) and vectors (m, d) of the passages of the entries with ``keys``."""
        here = np.isin(self.keys, np.asarray(keys, dtype=np.int64))
        return self.keys[here], self.vectors[here]
