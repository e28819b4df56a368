"""A learned second reader for personal data, beside the patterns.

Patterns find the wordings that somebody thought of. This linear model has learnt from letters by many writers what
stands where names and numbers stand (decision 20). Its weights, ``classifiers/personal_data.npz``, are made by
``training/personal_data/fit.py``; no word of a letter is in them, only numbers of buckets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suggest.text import Morpheme, Sought, in_dictionary, morphemes, morphemes_if
from suggest.understand.latin_names import ORGANISATIONS, kind_of_word, words_of
from suggest.understand.lexicon import alternatives, lexicon
from suggest.understand.name_words import NOT_NAMES, SURNAMES, is_person, may_name
from suggest.understand.numbers import OF_THING, Found
from suggest.understand.tagger_features import BUCKETS, buckets, words_in

NOTHING = "-"
"""The class of words that are no personal data."""
SURE, SURE_IF_STRICT = 0.4, 0.2
"""Probability from which a word is taken; a neighbour of it from half of that."""

_FEWEST = 4  # words: less is no context
_FEWEST_FIGURES = 3  # fewer identify nobody
_LONGEST, _LONGEST_ADDRESS = 30, 80  # characters of a value; keys and encoded files are longer
_NUMBER = re.compile(r"\d{5}|(?<![A-Za-z] )(?<![\d./-])(?!(?:19|20)\d\d(?!\d))\d(?:[-/ ]?\d){3}")
"""Four figures or more that are no year, no version and no part of a product's name (``Windows 2019``)."""
_CAPITALISED = re.compile("[A-Z][a-z]{2,20}")
_GIVEN = frozenset(word.capitalize() for word in words_of("given_names") - words_of("ordinary_words"))
_SOMEBODY = Sought(lambda pos: pos[2] == "人名", frozenset())
_RUN = re.compile("[A-Za-z0-9]{2}")
_COMPANY_BEFORE = re.compile(r"(?:会社|法人|[(][株有][)]) ?\Z")
_COMPANY_AFTER = re.compile("[ぁ-んァ-ヶー一-龥]{0,2}" + alternatives(lexicon("words")["company_ends"]))
_KANJI = re.compile("[一-龥々]")
_WEEKDAYS = re.compile("[月火水木金土日祝休](?:[・、,][月火水木金土日祝休])*")
_NEXT_WORD = re.compile(" ([A-Z][A-Za-z]*)")


class Weights(NamedTuple):
    """What the model has learnt."""

    places: NDArray[np.uint32]
    """Shape (BUCKETS,): the row of a bucket; row 0 is of those that weigh nothing."""
    rows: NDArray[np.int8]
    """Shape (rows, classes)."""
    scale: float
    bias: NDArray[np.float32]
    classes: tuple[str, ...]

    @classmethod
    def of(cls, held: Mapping[str, NDArray[Any]]) -> Weights:
        """Unfold what a file holds: ``buckets`` with their ``weights``, ``scale``, ``bias`` and ``classes``."""
        places = np.zeros(BUCKETS, dtype=np.uint32)
        places[held["buckets"]] = np.arange(1, len(held["buckets"]) + 1)
        rows = np.concatenate([np.zeros_like(held["weights"][:1]), held["weights"]])
        return cls(places, rows, float(held["scale"]), held["bias"], tuple(map(str, held["classes"])))


def find_by_model(text: str, *, strict: bool = False, weights: Weights | None = None) -> Iterator[Found]:
    """Yield personal data in folded ``text`` as the model sees it; ``strict`` takes less probable words too."""
    words = words_in(text)
    if len(words) < _FEWEST:
        return
    weights = weights or _shipped()
    rows = weights.rows[weights.places[buckets(text, words)]]
    scores = np.einsum("wfc->wc", rows, dtype=np.float32, casting="unsafe") * weights.scale + weights.bias
    chances = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    nothing = weights.classes.index(NOTHING)
    personal = 1 - chances[:, nothing]
    chances[:, nothing] = 0
    for first, end in _runs(text, words, personal, SURE_IF_STRICT if strict else SURE):
        kind = weights.classes[int(chances[first:end].sum(axis=0).argmax())]
        start, stop = _whole(text, words[first].start, words[end - 1].end)
        longest = _LONGEST_ADDRESS if kind in ("address", "email") else _LONGEST
        others = _is_of_other if kind == "name" else _is_of_thing
        if stop - start <= longest and may_be(kind, text[start:stop]) and not others(text, start, stop):
            yield kind, start, stop


def worth_reading(text: str) -> bool:
    """Tell whether a number or a name of anybody may stand in folded text at all.

    Nine in ten texts about products hold neither; of the letters that hold personal data nearly all do.
    """
    return (
        _NUMBER.search(text) is not None
        or not _GIVEN.isdisjoint(_CAPITALISED.findall(text))
        or any(
            is_person(m) and len(m.surface) > 1 and not m.surface.isascii()
            for m in morphemes_if(text, _SOMEBODY)
        )
    )


def _runs(
    text: str, words: Sequence[Morpheme], personal: NDArray[np.floating], sure: float
) -> Iterator[tuple[int, int]]:
    """Yield stretches of words, one of which is surely personal and none improbably, without marks at their ends."""
    at = 0
    while at < len(words):
        end = at
        while (
            end < len(words)
            and personal[end] >= sure / 2
            and "\n" not in text[words[at].start : words[end].start]
        ):
            end += 1
        first, last = at, end
        while first < last and not _is_word(words[first]):
            first += 1
        while last > first and not _is_word(words[last - 1]):
            last -= 1
        if any(personal[i] >= sure and _is_word(words[i]) for i in range(first, last)):
            yield first, last
        at = max(end, at + 1)


def _is_word(word: Morpheme) -> bool:
    return any(map(str.isalnum, word.surface))


def may_be(kind: str, value: str) -> bool:
    """Tell whether a value can be of a kind: a name is no ordinary word, a number holds some figures."""
    if kind == "name":
        return value not in NOT_NAMES and not any(map(str.isdigit, value)) and _may_be_called(value)
    if kind == "address":
        return any(map(str.isalnum, value))
    return "@" in value or sum(map(str.isdigit, value)) >= _FEWEST_FIGURES


def _may_be_called(name: str) -> bool:
    """Tell whether words may be a name: not one kanji of any kind, not 税理士, not ``Operations Director``."""
    if not name.isascii():
        common = in_dictionary(name) and all(m.pos[1] != "固有名詞" for m in morphemes(name))
        if _WEEKDAYS.fullmatch(name):
            return False
        return name in SURNAMES or (len(name) > 1 and (not common or may_name(name, shortest=2)))
    first, *_, last = [kind_of_word(word) for word in name.lower().split() * 2]
    return last != "ordinary" or (first in ("name", "both") and " " in name)


def _is_of_thing(text: str, start: int, _end: int) -> bool:
    """Tell whether the number of an error, a version or an offer stands there."""
    return OF_THING.search(text, max(0, start - 16), start) is not None


def _is_of_other(text: str, start: int, end: int) -> bool:
    """Tell whether a company or a thing is named: 「みほん商事」, ``Mihon Trading``, 「理士」 of 「税理士」."""
    following = _NEXT_WORD.match(text, end)
    words = text[start:end].split() + ([following.group(1)] if following else [])
    return (
        _COMPANY_BEFORE.search(text, max(0, start - 6), start) is not None
        or _COMPANY_AFTER.match(text, end) is not None
        or _is_part_of_word(text, start, end)
        or any(word.lower() in ORGANISATIONS for word in words)
    )


def _is_part_of_word(text: str, start: int, end: int) -> bool:
    """Tell whether the kanji around a stretch are together a word that is no name."""
    first = start
    while first > max(0, start - 4) and _KANJI.match(text[first - 1]):
        first -= 1
    return first < start and in_dictionary(text[first:end]) and not may_name(text[first:end])


def _whole(text: str, start: int, end: int) -> tuple[int, int]:
    """Widen a stretch to the whole runs of letters and figures at its ends."""
    while start > 0 and _RUN.match(text[start - 1 : start + 1]):
        start -= 1
    while end < len(text) and _RUN.match(text[end - 1 : end + 1]):
        end += 1
    return start, end


@lru_cache(maxsize=1)
def _shipped() -> Weights:
    with (files(__package__) / "classifiers" / "personal_data.npz").open("rb") as file, np.load(file) as held:
        return Weights.of(held)
