"""Notices by meaning what the word patterns miss: cold fury, a danger told without any of its words.

A small linear classifier for each bundled embedding model (``classifiers/<model>.json``, made by
``training/judge/fit_escalation.py``): log-odds of each route from the vector of the text and from its words, the
little ones included, since 「解約したい」 and 「解約したはずなのに」 differ in nothing else. It can only raise a
signal; what follows is the policy's business.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.records import Signal
from suggest.text import clean, morphemes

PREFIX = "likely_"
ROUTES = (
    "safety",
    "security",
    "legal",
    "privacy",
    "public_relations",
    "billing",
    "engineering",
    "supervisor",
)
_HEAD, _TAIL = 600, 400
_EVIDENCE = 80


def likely_codes() -> frozenset[str]:
    """Return every code that a classifier can give."""
    return frozenset(f"{PREFIX}{route}" for route in ROUTES)


def pieces_of(text: str) -> list[str]:
    """Return what a classifier reads of a text: its beginning, and the end of a long one."""
    flat = clean(text)
    return [flat[:_HEAD], flat[-_TAIL:]] if len(flat) > _HEAD + _TAIL else [flat[: _HEAD + _TAIL]]


def terms_of(text: str) -> list[str]:
    """Return the words of ``text``, all of them, their pairs, and the triples as written."""
    found = [m for m in morphemes(clean(text).lower()) if m.surface.strip()]
    words = [m.normalized for m in found]
    surfaces = [m.surface for m in found]
    pairs = [f"{a} {b}" for a, b in pairwise(words)]
    triples = [f"={a}{b}{c}" for a, b, c in zip(surfaces, surfaces[1:], surfaces[2:], strict=False)]
    return words + pairs + triples


class Classifier:
    """One classifier; safe to share between threads."""

    def __init__(self, values: dict[str, Any]) -> None:
        """Prepare the parameters of a classifier file."""
        self.threshold = float(values["threshold"])
        self._names: list[str] = values["routes"]
        self._none = self._names.index("none")
        self._intercept = np.asarray(values["intercept"], dtype=np.float64)
        self._vector = np.asarray(values["vector"], dtype=np.float64)
        self._idf: dict[str, float] = {}
        self._terms: dict[str, NDArray[np.float64]] = {}
        for term, (idf, *weights) in values["terms"].items():
            self._idf[term] = idf
            self._terms[term] = np.asarray(weights, dtype=np.float64)

    @property
    def dimension(self) -> int:
        """Columns of the vectors that the classifier was fitted on."""
        return int(self._vector.shape[1])

    def shares(self, text: str, vector: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the probability of each of the routes and of "none", in the order of the file."""
        odds = self._intercept + self._vector @ vector.astype(np.float64)
        for term, weight in self._weights(text).items():
            odds = odds + weight * self._terms[term]
        odds = np.exp(odds - odds.max())
        shares: NDArray[np.float64] = odds / odds.sum()
        return shares

    def alarm(self, text: str, vector: NDArray[np.float32]) -> tuple[float, str]:
        """Return P(this must be escalated) and the likeliest route."""
        shares = self.shares(text, vector)
        among = [(share, name) for share, name in zip(shares, self._names, strict=True) if name != "none"]
        return 1 - float(shares[self._none]), max(among)[1]

    def signals(self, texts: Sequence[str], vectors: NDArray[np.float32]) -> list[Signal]:
        """Return at most one signal: of the text that alarms most, when it does so enough.

        ``vectors`` has a row for each of ``texts``, shape (n, dimension).
        """
        rated = [(*self.alarm(text, vector), text) for text, vector in zip(texts, vectors, strict=True)]
        share, route, text = max(rated, default=(0.0, "", ""))
        if share < self.threshold:
            return []
        return [Signal(code=f"{PREFIX}{route}", evidence=self._telling(text, route)[:_EVIDENCE])]

    def _weights(self, text: str) -> dict[str, float]:
        counts = Counter(term for term in terms_of(text) if term in self._idf)
        weights = {term: (1 + math.log(n)) * self._idf[term] for term, n in counts.items()}
        length = math.sqrt(sum(weight**2 for weight in weights.values())) or 1.0
        return {term: weight / length for term, weight in weights.items()}

    def _telling(self, text: str, route: str) -> str:
        """Return the words that speak most for the route, or the beginning of the text."""
        column = self._names.index(route)
        words = {
            term.removeprefix("="): weight * (self._terms[term][column] - self._terms[term][self._none])
            for term, weight in self._weights(text).items()
            if term.startswith("=")
        }
        best = sorted((w for w in words if words[w] > 0), key=lambda w: -words[w])[:3]
        return " / ".join(best) or text


@lru_cache(maxsize=8)
def classifier_for(model: str) -> Classifier | None:
    """Return the classifier for an embedding model by name, or None when none is shipped for it."""
    source = files(__package__) / "classifiers" / f"{model}.json"
    if not source.is_file():
        return None
    return Classifier(json.loads(source.read_text(encoding="utf-8")))
