"""What a calibration belongs to."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from suggest.index.reading import Reader
from suggest.records import Evidence


class Identity(NamedTuple):
    """What a calibration belongs to: it holds for this very index and no other."""

    generation: int
    model: str
    """Fingerprint of the embedding model."""


def identity(kb: Reader) -> Identity:
    """Return the identity of the generation in use; ``(0, "")`` before the first sync."""
    return Identity(kb.generation, kb.fingerprint)


def evidence_for(kb: Reader, entry_id: str, text: str, *, tenant: str, today: date) -> Evidence | None:
    """Return one entry as evidence for ``text``, however far it is; None when it may not be used for ``tenant``."""
    return kb.evidence_for(entry_id, text, tenant=tenant, today=today)


def unknown_share(kb: Reader, text: str) -> float:
    """Return the share of the terms of ``text``, 0..1, that no entry holds; 1 for a text without terms."""
    return kb.unknown_share(text)
