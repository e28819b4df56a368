"""Picks the stretch of an entry that an agent should see first."""

from __future__ import annotations

import re
from collections.abc import Mapping

from suggest.records import Entry
from suggest.text import sentences

_LENGTH = 160
_SCANNED = 20_000  # characters of a very long entry that are looked at
_LINE = re.compile(r"[^\n]+")


def snippet(entry: Entry, surfaces: Mapping[str, float]) -> str:
    """Return up to 160 characters of the answer, from the sentence that holds the rarest words on.

    ``surfaces`` maps words as written in the concern (lower case) to their rarity.
    """
    text = (entry.body or entry.point or entry.title) if entry.kind == "faq" else entry.reply
    best = _best_sentence(text[:_SCANNED], surfaces)
    piece = " ".join(text[best : min(_SCANNED, best + _LENGTH + 1)].split())
    return piece if len(piece) <= _LENGTH else piece[: _LENGTH - 1] + "…"


def _best_sentence(text: str, surfaces: Mapping[str, float]) -> int:
    """Return where the first sentence begins that holds most; only lines that hold as much are cut into sentences."""
    whole = text.lower()
    said = [(word, rarity) for word, rarity in surfaces.items() if word in whole]

    def held(part: str) -> float:
        lowered = part.lower()
        return sum([rarity for word, rarity in said if word in lowered])

    lines = [(held(line.group()), line.start(), line.group()) for line in _LINE.finditer(text)]
    best, most = 0, 0.0
    for at_most, start, line in sorted(lines, key=lambda each: (-each[0], each[1])):
        if not at_most or at_most < most:
            break
        for sentence in sentences(line):
            weight = held(sentence.text)
            if weight > most or (weight == most and start + sentence.start < best):
                best, most = start + sentence.start, weight
    return best
