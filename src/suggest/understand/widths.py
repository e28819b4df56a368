"""Fold full width, half width and invisible characters, and remember where each character came from.

Patterns are written once, for NFKC text; spans found there are given back as offsets into the text
as the customer wrote it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_MAX_MARKS = 8  # combining marks taken with one character; more is noise, and slow to put in order
_VOICING = "\uff9e\uff9f"  # half-width dakuten and handakuten are letters, not combining marks


# What folding changes beside NFKC: control, format and surrogate characters, odd spaces and line ends.
_SPECIAL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\xa0\xad\u0300-\u036f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u1680\u180e\u2000-\u200f"
    "\u2028-\u202f\u205f-\u206f\u3000\u3099\u309a\u3164\ufeff\uff9e-\uffa0\ufff9-\ufffb\ud800-\udfff\U000110bd-\U000e0fff]"
)


# Forms of kanji that names are written in and that no dictionary has; Latin letters with marks (é, ő, ạ).
_MARKED = {
    char: unicodedata.normalize("NFD", char)[0]
    for char in map(chr, (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)))
    if unicodedata.normalize("NFD", char)[0].isascii()
}
_VARIANTS = str.maketrans(_MARKED | dict(zip("髙﨑德濵𠮷", "高崎徳濱吉", strict=True)))
_VARIANT = re.compile("[髙﨑德濵𠮷\u00c0-\u024f\u1e00-\u1eff]")


class Folded(NamedTuple):
    """A folded text and its way back."""

    text: str
    starts: Sequence[int]
    """For each folded character, the offset of the first source character that it stands for."""
    ends: Sequence[int]
    """For each folded character, the offset after the last one."""

    def source(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the source that ``text[start:end]`` (not empty) stands for."""
        return self.starts[start], self.ends[end - 1]


def fold(text: str) -> Folded:
    """Fold ``text`` to NFKC, character by character, without invisible and control characters.

    Rare forms of kanji in names (髙, 﨑) become the usual ones, é becomes e. Line ends become ``\\n``, other white space a blank; nothing is merged or stripped.
    """
    if _VARIANT.search(text):
        text = text.translate(_VARIANTS)
    if not _SPECIAL.search(text) and unicodedata.is_normalized("NFKC", text):
        return Folded(text, range(len(text)), range(1, len(text) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    i, size = 0, len(text)
    while i < size:
        end = i + 1
        if text[i] == "\r" and text[end : end + 1] == "\n":
            end += 1
        while end < size and end - i <= _MAX_MARKS and _is_mark(text[end]):
            end += 1
        piece = _fold(text[i:end]) if end - i > 1 else _fold_one(text[i])
        if piece:
            pieces.append(piece)
            starts.extend([i] * len(piece))
            ends.extend([end] * len(piece))
        i = end
    return Folded("".join(pieces), starts, ends)


@lru_cache(maxsize=20_000)
def _is_mark(char: str) -> bool:
    return char in _VOICING or unicodedata.combining(char) != 0


@lru_cache(maxsize=20_000)
def _fold_one(char: str) -> str:
    return _fold(char)


def _fold(cluster: str) -> str:
    first = cluster[0]
    if first in "\r\n\u2028\u2029\x85\x0b\x0c":
        return "\n"
    folded = unicodedata.normalize("NFKC", cluster)
    folded = folded.translate(_VARIANTS)
    return "".join(" " if c.isspace() else c for c in folded if c.isspace() or not _invisible(c))


def _invisible(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs") or char in "\u3164\u115f\u1160\uffa0"
