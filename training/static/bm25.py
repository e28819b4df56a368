"""A small BM25, for the evaluation only (the package itself uses tantivy)."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class BM25:
    """Okapi BM25 with k1 = 1.2 and b = 0.75, each query's score divided by the most it could reach."""

    def __init__(self, documents: Sequence[Sequence[str]], k1: float = 1.2, b: float = 0.75) -> None:
        self._count = len(documents)
        self._most = k1 + 1
        mean_length = sum(map(len, documents)) / max(1, len(documents))
        postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for row, document in enumerate(documents):
            norm = k1 * (1 - b + b * len(document) / mean_length)
            for token, tf in Counter(document).items():
                postings[token].append((row, tf * (k1 + 1) / (tf + norm)))
        self._postings = {
            token: (np.array([row for row, _ in rows]), np.array([weight for _, weight in rows], np.float32))
            for token, rows in postings.items()
        }

    def scores(self, query: Sequence[str]) -> NDArray[np.float32]:
        """Return a score in 0..1 for every document."""
        scores = np.zeros(self._count, np.float32)
        best = 0.0
        for token in set(query):
            rows, weights = self._postings.get(token, (np.array([], int), np.array([], np.float32)))
            idf = math.log(1 + (self._count - len(rows) + 0.5) / (len(rows) + 0.5))
            best += idf * self._most
            scores[rows] += idf * weights
        return scores / best if best else scores
