"""Picks the stretch of an entry that an agent should see first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from suggest.records import Entry
from suggest.text import sentences

_LENGTH = 160
_SCANNED = 20_000  # characters of a very long entry that are looked at


@lru_cache(maxsize=1_000)
def _sentences(text: str) -> tuple[tuple[int, str], ...]:
    """Return start and lower case of each sentence; the same entries are found again and again."""
    return tuple((sentence.start, sentence.text.lower()) for sentence in sentences(text))


def snippet(entry: Entry, surfaces: Mapping[str, float]) -> str:
    """Return up to 160 characters of the answer, from the sentence that holds the rarest words on.

    ``surfaces`` maps words as written in the concern (lower case) to their rarity.
    """
    text = (entry.body or entry.point or entry.title) if entry.kind == "faq" else entry.reply
    text = text[:_SCANNED]
    best, best_weight = 0, 0.0
    for start, lowered in _sentences(text):
        weight = sum(rarity for word, rarity in surfaces.items() if word in lowered)
        if weight > best_weight:
            best, best_weight = start, weight
    piece = " ".join(text[best : best + _LENGTH + 1].split())
    return piece if len(piece) <= _LENGTH else piece[: _LENGTH - 1] + "…"
