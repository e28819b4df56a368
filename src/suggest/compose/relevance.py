"""How much of a concern a stretch of text speaks about: shared terms, weighted by rarity, and nearness of meaning."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cached_property, lru_cache

from suggest.index.embedding import Vectors
from suggest.index.models import static_embedder
from suggest.text import tokens

_READ = 2_000  # characters of a text that are looked at
_CODE = 2.5  # an error code says more than a word


def _is_code(term: str) -> bool:
    return term.isascii() and any(c.isdigit() for c in term) and len(term) >= 4


@lru_cache(maxsize=16_384)
def terms(text: str) -> frozenset[str]:
    """Return the distinct index terms of ``text``."""
    return frozenset(_tokens(text))


@lru_cache(maxsize=16_384)
def _tokens(text: str) -> tuple[str, ...]:
    return tuple(tokens(text[:_READ]))


class Relevance:
    """Compares texts with one concern; terms that occur in few of the ``units`` weigh more."""

    def __init__(self, concern: str, units: Iterable[str]) -> None:
        self.concern = concern
        seen = [terms(unit) for unit in units]
        self._weights: dict[str, float] = {}
        for term in terms(concern):
            count = sum(term in unit for unit in seen)
            if count:
                self._weights[term] = math.log(1 + len(seen) / count) * (_CODE if _is_code(term) else 1.0)
        self._total = sum(self._weights.values())
        self.coverage = len(self._weights) / max(1, len(terms(concern)))
        """The share of the concern's terms that occur in the units at all, 0..1."""

    @property
    def known(self) -> bool:
        """Whether any term of the concern occurs in the units."""
        return self._total > 0

    def share(self, *texts: str) -> float:
        """Return the weight of the concern's terms in the texts together, 0..1."""
        if not self._total:
            return 0.0
        found = [terms(text) for text in texts]
        weight = sum(w for term, w in self._weights.items() if any(term in own for own in found))
        return weight / self._total

    def nearness(self, *texts: str) -> float:
        """Return how near the texts together are to the concern in meaning, also in other words: a cosine, -1..1."""
        found = [term for text in texts for term in _tokens(text)]
        return float(static_embedder().embed_tokens([found])[0] @ self._vector)

    @cached_property
    def _vector(self) -> Vectors:
        vector: Vectors = static_embedder().embed_tokens([_tokens(self.concern)])[0]
        return vector


def similarity(one: str, other: str) -> float:
    """Return the Jaccard overlap of two texts' terms, 0..1."""
    first, second = terms(one), terms(other)
    return len(first & second) / len(first | second) if first and second else 0.0
