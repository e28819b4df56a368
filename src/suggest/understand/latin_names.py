"""Find names in Latin letters, in folded English or Japanese text: by the words around them, or by a known given name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from suggest.understand.lexicon import lexicon

_PART = r"(?:(?:Mc|Mac|[OD]['\u2019])?[A-Z][a-z'\u2019-]{1,20}|[A-Z]{2,20}(?![a-z]))"
_INITIAL = r"(?: [A-Z]\.?(?![A-Za-z]))?"
_NAME = rf"{_PART}{_INITIAL}(?: (?:van |de |da |di |von |bin |al-)?{_PART}){{0,2}}"
_FULL = rf"{_PART}{_INITIAL} (?:van |de |da |di |von |bin |al-)?{_PART}"
_ENGLISH = re.compile(
    rf"(?:\b[Mm]y (?:full )?name(?: is|'s|\u2019s)|\b(?:Mr|Ms|Mrs|Miss|Dr|Prof)\b\.?|\b[Uu]nder the name(?: of)?"
    rf"|\b(?:account ?holder|card ?holder|[Cc]ontact(?: person)?|[Rr]ecipient|[Rr]esident) is"
    rf"|\b[Mm]y (?:colleague|husband|wife|son|daughter|mother|father|brother|sister|partner|boss|manager|assistant|friend)"
    rf"|\b[Oo]ur (?:colleague|manager|director|accountant|admin|administrator))[ ]({_NAME})"
)
_INTRODUCTION = re.compile(
    rf"(?:\b[Tt]his is|\bI am|\bI['\u2019]m)[ ]({_FULL})(?=,| from| at| with| in\b| and|\.|\n|\Z)"
    rf"|\b[Tt]his is ({_PART})(?= from| at| in\b| with)"
)
_SIGNED = re.compile(
    r"(?:^|\n)[ ]{0,4}(?:Best|Kind|Warm|Many|With)?[ ]?(?:[Rr]egards|[Tt]hanks|[Tt]hank you|[Ss]incerely|[Cc]heers|[Rr]espectfully"
    r"|[Bb]est(?: wishes)?|[Yy]ours(?: truly| sincerely| faithfully)?)[ ]?[^\n\w]{0,3}[ \n]{1,4}"
    rf"({_NAME})[ ]{{0,3}}(?=\n|,|\(|\Z)"
)
_ADDRESSED = re.compile(rf"(?:^|\n)(?:Dear|Hi|Hello) ({_NAME})(?=,|\n|!)")
_IN_JAPANESE = re.compile(
    rf"(?<![A-Za-z0-9@._-])({_FULL})(?=[ ]?(?:と申|といいま|です|でございます|でした|様|さま|さん|氏|宛|あて|[(]))"
    rf"|(?<![A-Za-z0-9@._-])({_PART})(?=[ ]?(?:と申|といいま|様|さま|さん(?!ぷる)|氏))"
)
_PAIR = re.compile(rf"(?<![A-Za-z0-9@._-])(?=({_FULL})(?![A-Za-z0-9@_-]))")
_NOT_NAMES = frozenset(word.lower() for word in lexicon("words")["not_names"])
_ORGANISATIONS = frozenset(
    "ltd inc llc corp co gmbh trading foods works partners logistics health group team support".split()
)


def find_latin_names(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each name; the same one may come twice."""
    for pattern in (_ENGLISH, _INTRODUCTION, _SIGNED, _ADDRESSED, _IN_JAPANESE):
        for match in pattern.finditer(text):
            group = 1 if match.group(1) else 2
            if not _is_ordinary(match.group(group)):
                yield match.span(group)
    for match in _PAIR.finditer(text):
        first, *_, last = match.group(1).replace("\u2019", "'").lower().split()
        if first in _given_names() and first not in _ordinary() and last not in _ordinary() | _ORGANISATIONS:
            yield match.span(1)


def _is_ordinary(name: str) -> bool:
    """Tell whether a name is made of words that greet, or that name a product or a team."""
    words = name.lower().split()
    return any(word in _NOT_NAMES or word in _ORGANISATIONS for word in words) or all(
        word in _ordinary() - _given_names() for word in words
    )


@lru_cache(maxsize=1)
def _given_names() -> frozenset[str]:
    return frozenset(lexicon("possible_names")["given_names"].split())


@lru_cache(maxsize=1)
def _ordinary() -> frozenset[str]:
    return frozenset(lexicon("possible_names")["ordinary_words"].split())
