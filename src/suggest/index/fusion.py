"""Convex fusion of the two legs' absolute scores.

No score depends on which other entries were found: BM25 is divided by the most that any entry could
reach for the same terms, and the cosine is taken as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def fuse(
    lexical: Sequence[float], semantic: NDArray[np.float32], *, vector_weight: float
) -> NDArray[np.float64]:
    """Return ``(1 - w) · lexical + w · max(semantic, 0)``, shape (n,), each in 0..1."""
    words = np.asarray(lexical, dtype=np.float64)
    meaning = np.clip(semantic.astype(np.float64), 0.0, 1.0)
    fused: NDArray[np.float64] = (1.0 - vector_weight) * words + vector_weight * meaning
    return fused
