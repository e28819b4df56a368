"""What a calibration belongs to."""

from __future__ import annotations

from typing import NamedTuple

from suggest.index.reading import Reader


class Identity(NamedTuple):
    """What a calibration belongs to: it holds for this very index and no other."""

    generation: int
    model: str
    """Fingerprint of the embedding model."""


def identity(kb: Reader) -> Identity:
    """Return the identity of the generation in use; ``(0, "")`` before the first sync."""
    return Identity(kb.generation, kb.fingerprint)
