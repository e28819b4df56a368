"""Canary vectors: a few texts whose vectors a generation remembers.

A fingerprint says which model was meant; canaries show that it still computes the same (another build of a
runtime, other hardware, a model behind a server that was replaced).
"""

from __future__ import annotations

import numpy as np

from suggest.index.embedding import Embedder

TEXTS = (
    "パスワードを忘れてログインできません。再設定の方法を教えてください。",
    "How do I export last month's invoices as a CSV file?",
    "エラーコード AADSTS50034 が表示されます",
)
_SAME = 0.995
"""Cosine above which two vectors of one text count as the same; other processors change the last digits only."""


def canary_vectors(embedder: Embedder) -> list[list[float]]:
    """Return the vectors of the canary texts, rounded, for the manifest."""
    found = embedder.embed_documents(list(TEXTS))
    return [[round(float(value), 5) for value in row] for row in found]


def drift(embedder: Embedder, remembered: list[list[float]]) -> float | None:
    """Return the lowest cosine of a canary with what is remembered of it, or None when all are the same."""
    then = np.asarray(remembered, dtype=np.float32)
    now = embedder.embed_documents(list(TEXTS))
    if then.shape != now.shape:
        return -1.0
    lengths = np.linalg.norm(then, axis=1) * np.linalg.norm(now, axis=1)
    cosines = np.where(lengths > 0, (then * now).sum(axis=1) / np.maximum(lengths, 1e-9), 1.0)
    both_empty = (np.linalg.norm(then, axis=1) == 0) == (np.linalg.norm(now, axis=1) == 0)
    lowest = float(cosines.min()) if both_empty.all() else -1.0
    return None if lowest >= _SAME else lowest
