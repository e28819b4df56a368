"""Features of the words of a letter, by which :mod:`suggest.understand.tagger` tells personal data.

What is looked at: words, parts of speech and shapes of up to four words to either side, the label and the words before on the
line, the place in the letter, and the code (letters and figures without a blank) in which a word stands. A feature is a bucket,
a number that its parts are hashed to; arrays are made for a whole text at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from suggest.text import Morpheme, morphemes
from suggest.understand.latin_names import kind_of_word
from suggest.understand.name_words import SURNAMES, may_name

BUCKETS = 1 << 20
_BITS = np.uint64(44)  # of 64, the upper 20 are the bucket

_REACH = 4  # words to either side that count by their place
_BACK = 12  # words before on the line that count wherever they stand
_LONGEST_CODE = 80
_LABEL = re.compile(r"[^:=|/\n]{1,14}(?=[:=|])")
_CODE = re.compile(r"[A-Za-z0-9](?:[\w./@:#+-]*[A-Za-z0-9])?", re.ASCII)
"""Letters and figures without a blank: a number, a code, an address, a version, a word."""

# Columns: what is known of each word. Its own word, part of speech, shape, kind of word, first and last character;
_WORD, _POS, _SHAPE, _KIND, _HEAD, _TAIL = range(6)
# the label of its line, its place in the text, the characters beside it; the code it stands in, the words around that.
_LINE_LABEL, _PLACE, _BESIDE, _FORM, _BEFORE, _BEFORE_THAT, _AFTER = range(6, 13)
_COLUMNS = 13
_Parts = tuple[tuple[int, int], ...]


def _templates() -> tuple[_Parts, ...]:
    """Return what is looked at together: for each feature its (distance in words, column)."""
    single: list[_Parts] = [((d, _WORD),) for d in range(-_REACH, _REACH + 1)]
    single += [((d, column),) for column in (_POS, _SHAPE) for d in range(-3, 4)]
    single += [((d, _KIND),) for d in range(-2, 3)]
    single += [((0, column),) for column in (_HEAD, _TAIL, _LINE_LABEL, _PLACE, _BESIDE)]
    joined: list[_Parts] = []
    for side in (-1, 1):
        joined += [((side, _WORD), (0, column)) for column in (_SHAPE, _KIND, _POS)]
        joined += [((side, _POS), (0, _POS)), ((side, _SHAPE), (0, _SHAPE)), ((side, _KIND), (0, _KIND))]
        joined += [((2 * side, _WORD), (side, _WORD), (0, _SHAPE)), ((2 * side, _WORD), (side, _WORD))]
    joined += [
        ((-1, _WORD), (1, _WORD)),
        ((-1, _SHAPE), (0, _SHAPE), (1, _SHAPE)),
        ((-1, _POS), (0, _KIND), (1, _POS)),
    ]
    joined += [((0, _LINE_LABEL), (0, _SHAPE)), ((0, _PLACE), (0, _KIND)), ((0, _PLACE), (0, _SHAPE))]
    code: list[_Parts] = [((0, _FORM),), ((0, _BEFORE), (0, _FORM)), ((0, _AFTER), (0, _FORM))]
    code += [
        ((0, _BEFORE),),
        ((0, _AFTER),),
        ((0, _BEFORE), (0, _BEFORE_THAT)),
        ((0, _BEFORE_THAT), (0, _FORM)),
    ]
    code += [((0, _BEFORE), (0, _AFTER)), ((0, _LINE_LABEL), (0, _FORM)), ((0, _PLACE), (0, _FORM))]
    return tuple(single + joined + code)


_TEMPLATES = _templates()
_SEEDS = np.array([crc32(f"template {n}".encode()) for n in range(len(_TEMPLATES) + 1)], dtype=np.uint64)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_OTHER_LINE = np.uint64(crc32(b"other line"))
_OUTSIDE = np.uint64(crc32(b"outside"))


def words_in(text: str) -> list[Morpheme]:
    """Return the words and marks of a folded text, without blanks."""
    return [m for m in morphemes(text) if m.pos[0] != "空白"]


def buckets(text: str, words: Sequence[Morpheme]) -> NDArray[np.int64]:
    """Return the buckets of each word's features, shape (words, features), 0..BUCKETS; bucket 0 means nothing."""
    count = len(words)
    lines = np.array(
        [
            text.count("\n", 0, words[0].start),
            *(text.count("\n", a.start, b.start) for a, b in pairwise(words)),
        ]
    ).cumsum()
    columns = np.empty((count, _COLUMNS), dtype=np.uint64)
    for i, word in enumerate(words):
        columns[i, :_LINE_LABEL] = _word_columns(word.surface, word.pos[:3])
    last, label, label_end = -1, 0, 0
    for i, word in enumerate(words):
        if lines[i] != last:
            last = lines[i]
            found = _LABEL.match(text, text.rfind("\n", 0, word.start) + 1)
            label, label_end = (
                (crc32(found.group().strip().lower()[-6:].encode()), found.end()) if found else (0, 0)
            )
        columns[i, _LINE_LABEL] = label if word.start >= label_end else 1
        columns[i, _BESIDE] = crc32(
            (text[max(0, word.start - 1) : word.start] + "_" + text[word.end : word.end + 1]).encode()
        )
    from_end = np.minimum(lines[-1] - lines, 4)
    to_go = np.minimum(count - 1 - np.arange(count), 5)
    columns[:, _PLACE] = from_end * 64 + to_go * 4 + (lines == lines[0])
    _add_codes(columns, text, words)
    shifted = {d: _shifted(columns, lines, d) for d in range(-_REACH, _REACH + 1)}
    found_at = np.zeros((count, len(_TEMPLATES) + _BACK), dtype=np.uint64)
    for n, parts in enumerate(_TEMPLATES):
        mixed = np.full(count, _SEEDS[n])
        for distance, column in parts:
            mixed = _mixed(mixed, shifted[distance][:, column])
        found_at[:, n] = mixed
    back = _mixed(np.full(count, _SEEDS[-1]), columns[:, _WORD])
    places = (found_at >> _BITS).astype(np.int64)
    back_places = (back >> _BITS).astype(np.int64)
    for d in range(1, min(_BACK, count - 1) + 1):
        same = lines[d:] == lines[:-d]
        places[d:, len(_TEMPLATES) + d - 1] = np.where(same, back_places[:-d], 0)
    return places


def _add_codes(columns: NDArray[np.uint64], text: str, words: Sequence[Morpheme]) -> None:
    """Fill in the form of the code in which each word stands, and the words around the code; of other words, their own."""
    codes = _CODE.finditer(text)
    code = next(codes, None)
    outside = int(_OUTSIDE)
    first = 0
    while first < len(words):
        word = words[first]
        while code is not None and code.end() <= word.start:
            code = next(codes, None)
        end = first + 1
        form = None
        if code is not None and code.start() <= word.start:
            form = crc32(_form(code.group()[:_LONGEST_CODE]).encode())
            while end < len(words) and words[end].start < code.end():
                end += 1
        columns[first:end, _FORM] = columns[first:end, _SHAPE] if form is None else form
        columns[first:end, _BEFORE] = columns[first - 1, _WORD] if first else outside
        columns[first:end, _BEFORE_THAT] = columns[first - 2, _WORD] if first > 1 else outside
        columns[first:end, _AFTER] = columns[end, _WORD] if end < len(words) else outside
        first = end


def _form(code: str) -> str:
    """Write a code with A for capitals, a for small letters, 9 for figures: ``AA-99-9999999``."""
    parts = re.sub("[a-z]+", "a", re.sub("[A-Z]{4,}", "AAAA", code))
    return re.sub("[0-9]{4,}", "99", re.sub("[0-9]{1,3}(?![0-9])", "9", re.sub("[A-Z]+", "A", parts)))[:24]


def _mixed(seed: NDArray[np.uint64], value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = (seed ^ value) * _MIX
    return mixed ^ (mixed >> np.uint64(29))


def _shifted(columns: NDArray[np.uint64], lines: NDArray[np.int64], distance: int) -> NDArray[np.uint64]:
    """Return the columns of the word ``distance`` further on; of another line they are other values."""
    if distance == 0:
        return columns
    moved = np.full_like(columns, _OUTSIDE)
    at = np.arange(len(columns)) + distance
    inside = (at >= 0) & (at < len(columns))
    there = columns[at[inside]]
    moved[inside] = np.where((lines[at[inside]] == lines[inside])[:, None], there, there ^ _OTHER_LINE)
    return moved


@lru_cache(maxsize=50_000)
def _word_columns(surface: str, pos: tuple[str, ...]) -> tuple[int, ...]:
    word = f"digits {len(surface)}" if surface.isdecimal() else surface.lower()
    parts = (word, "/".join(pos), _shape(surface), _kind(surface, pos), surface[0], surface[-1])
    return tuple(crc32(part.encode()) for part in parts)


_SHAPES = (
    ("digits", re.compile("[0-9]+")),
    ("capitals", re.compile("[A-Z]+")),
    ("capitalised", re.compile("[A-Z][a-z]+")),
    ("small", re.compile("[a-z]+")),
    ("kanji", re.compile("[一-龥々ヶ]+")),
    ("katakana", re.compile("[ァ-ヶー・]+")),
    ("hiragana", re.compile("[ぁ-ん]+")),
)


def _shape(word: str) -> str:
    kind = next((name for name, pattern in _SHAPES if pattern.fullmatch(word)), "other")
    return f"{kind} {min(len(word), 8 if kind == 'digits' else 4)}"


def _kind(word: str, pos: tuple[str, ...]) -> str:
    """Say whether word lists and the dictionary have a word as a name, a place or an ordinary word."""
    if word.isascii():
        return kind_of_word(word.lower()) if word.isalpha() else ""
    return f"{pos[2]} {word in SURNAMES} {may_name(word, shortest=2)}"
