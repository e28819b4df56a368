"""Convex fusion of the two legs' absolute scores.

No score depends on which other entries were found: BM25 is saturated, and the cosine is taken as it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_HALF = 2.3
"""The lexical score is one half when BM25 is so many times the rarity of a term that no entry holds. In
this unit scores mean the same in small and large knowledge bases. Chosen with the weight on the tuning half
of the labelled development inquiries; from half to twice the value it makes no clear difference."""


def saturate(bm25: NDArray[np.float64], rarest: float) -> NDArray[np.float64]:
    """Return BM25 scores, shape (n,), as values in 0..1 that grow with them.

    ``rarest`` is the inverse document frequency of a term that no entry holds.
    """
    saturated: NDArray[np.float64] = bm25 / (bm25 + _HALF * rarest)
    return saturated


def fuse(
    lexical: NDArray[np.float64], semantic: NDArray[np.float32], *, vector_weight: float
) -> NDArray[np.float64]:
    """Return ``(1 - w) · lexical + w · max(semantic, 0)``, shape (n,), each in 0..1.

    ``lexical`` holds saturated scores, ``semantic`` cosines.
    """
    meaning = np.clip(semantic.astype(np.float64), 0.0, 1.0)
    fused: NDArray[np.float64] = (1.0 - vector_weight) * lexical + vector_weight * meaning
    return fused
