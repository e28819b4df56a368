"""Features of the words of a letter, by which :mod:`suggest.understand.tagger` tells personal data.

What is looked at: words, parts of speech and shapes of up to four words to either side, the label and the words before on the
line, the place in the letter, and the code (letters and figures without a blank) in which a word stands. A feature is a bucket,
a number that its parts are hashed to; arrays are made for a whole text at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from suggest.text import Morpheme, morphemes
from suggest.understand.latin_names import kind_of_word
from suggest.understand.name_words import SURNAMES, may_name

BUCKETS = 1 << 20
_BITS = np.uint64(44)  # of 64, the upper 20 are the bucket

_REACH = 4  # words to either side that count by their place
_DISTANCES = 2 * _REACH + 1
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


_TEMPLATES = sorted(_templates(), key=len)
_SEEDS = np.array([crc32(f"template {n}".encode()) for n in range(len(_TEMPLATES) + 1)], dtype=np.uint64)
_NTH_PARTS = [
    (
        first,
        np.array([column * _DISTANCES + d + _REACH for d, column in (t[nth] for t in _TEMPLATES[first:])]),
    )
    for nth in range(3)
    for first in [next(n for n, t in enumerate(_TEMPLATES) if len(t) > nth)]
]
"""For each place in a template: the first template that has one, and the columns that stand there (of all distances)."""
_MIX = np.uint64(0x9E3779B97F4A7C15)
_OTHER_LINE = np.uint64(crc32(b"other line"))
_OUTSIDE = crc32(b"outside")


def words_in(text: str) -> list[Morpheme]:
    """Return the words and marks of a folded text, without blanks."""
    return [m for m in morphemes(text) if m.surface and m.pos[0] != "空白"]


def buckets(text: str, words: Sequence[Morpheme]) -> NDArray[np.int64]:
    """Return the buckets of each word's features, shape (words, features), 0..BUCKETS; bucket 0 means nothing."""
    count = len(words)
    breaks = [text.count("\n", a.end, b.start) for a, b in pairwise(words)]
    lines = np.array([0, *breaks]).cumsum()
    columns = np.empty((count, _COLUMNS), dtype=np.uint64)
    columns[:, :_LINE_LABEL] = [_word_columns(word.surface, word.pos[:3]) for word in words]
    columns[:, _LINE_LABEL] = list(_line_labels(text, words))
    columns[:, _BESIDE] = [
        crc32(f"{text[max(0, word.start - 1) : word.start]}_{text[word.end : word.end + 1]}".encode())
        for word in words
    ]
    from_end = np.minimum(lines[-1] - lines, 4)
    to_go = np.minimum(count - 1 - np.arange(count), 5)
    columns[:, _PLACE] = from_end * 64 + to_go * 4 + (lines == 0)
    columns[:, _FORM:] = list(_codes(text, words, columns[:, _WORD].tolist(), columns[:, _SHAPE].tolist()))
    around = _around(columns, lines)
    mixed = np.broadcast_to(_SEEDS[:-1], (count, len(_TEMPLATES))).copy()
    for first, parts in _NTH_PARTS:
        mixed[:, first:] = _mixed(mixed[:, first:], around[:, parts])
    places = np.zeros((count, len(_TEMPLATES) + _BACK), dtype=np.int64)
    places[:, : len(_TEMPLATES)] = mixed >> _BITS
    back = (_mixed(_SEEDS[-1], columns[:, _WORD]) >> _BITS).astype(np.int64)
    for d in range(1, min(_BACK, count - 1) + 1):
        places[d:, len(_TEMPLATES) + d - 1] = np.where(lines[d:] == lines[:-d], back[:-d], 0)
    return places


def _line_labels(text: str, words: Sequence[Morpheme]) -> Iterator[int]:
    """Yield for each word the label before it on its line: 「会員番号」 of 「会員番号: 7720」."""
    start, label, label_end = -1, 0, 0
    for word in words:
        line = text.rfind("\n", 0, word.start) + 1
        if line != start:
            start, found = line, _LABEL.match(text, line)
            label = crc32(found.group().strip().lower()[-6:].encode()) if found else 0
            label_end = found.end() if found else line
        yield label if word.start >= label_end else 1


def _codes(
    text: str, words: Sequence[Morpheme], own: Sequence[int], shapes: Sequence[int]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield for each word the form of the code in which it stands, and the two words before and the one after the code.

    Of a word that stands in none, its shape and the words around it.
    """
    codes = _CODE.finditer(text)
    code = next(codes, None)
    first = 0
    while first < len(words):
        word = words[first]
        while code is not None and code.end() <= word.start:
            code = next(codes, None)
        end, form = first + 1, shapes[first]
        if code is not None and code.start() <= word.start:
            form = crc32(_form(code.group()[:_LONGEST_CODE]).encode())
            while end < len(words) and words[end].start < code.end():
                end += 1
        before = own[first - 1] if first else _OUTSIDE
        before_that = own[first - 2] if first > 1 else _OUTSIDE
        after = own[end] if end < len(words) else _OUTSIDE
        yield from [(form, before, before_that, after)] * (end - first)
        first = end


def _form(code: str) -> str:
    """Write a code with A for capitals, a for small letters, 9 for up to three figures, 99 for more: ``A-9-99``."""
    parts = re.sub("[a-z]+", "a", re.sub("[A-Z]+", "A", code))
    return re.sub("[0-9]+", lambda figures: "9" if len(figures.group()) < 4 else "99", parts)[:24]


def _mixed(seed: NDArray[np.uint64] | np.uint64, value: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = (seed ^ value) * _MIX
    return mixed ^ (mixed >> np.uint64(29))


def _around(columns: NDArray[np.uint64], lines: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Return for each word the columns of the words up to ``_REACH`` before and after; of other lines they are other values.

    Shape (words, columns * distances), the distances of a column beside each other.
    """
    count = len(columns)
    padded = np.full((count + 2 * _REACH, _COLUMNS), _OUTSIDE, dtype=np.uint64)
    padded[_REACH:-_REACH] = columns
    padded_lines = np.full(count + 2 * _REACH, -1)
    padded_lines[_REACH:-_REACH] = lines
    elsewhere = sliding_window_view(padded_lines, _DISTANCES) != lines[:, None]
    found: NDArray[np.uint64] = (
        sliding_window_view(padded, _DISTANCES, axis=0) ^ (elsewhere * _OTHER_LINE)[:, None, :]
    )
    return found.reshape(count, _COLUMNS * _DISTANCES)


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
