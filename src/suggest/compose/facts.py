"""Facts in a text, with their places: what must be the same in a draft, its evidence and any rewrite.

A fact is a URL, a mail address, a code, a number with its unit (a date, a price, a duration …), a label
or title in brackets, a product name, or a negated predicate. Full-width and half-width spellings are one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from suggest.compose.negation import negations
from suggest.text import codes

_READ = 40_000
_URL = re.compile(r"https?://[^\s「」『』()（）<>。、\"'ぁ-んァ-ヶ一-龥]+")
_MAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_DURATION = (
    "営業日|日間|日目|日|時間|時|分|秒|週間|か月|ヶ月|カ月|ヵ月|月|年間|年|business days?|days?|hours?|minutes?|"
    "seconds?|weeks?|months?|years?"
)
_UNIT = (
    f"{_DURATION}|万円|円|%|パーセント|名|人|枚|行|桁|文字|回|件|個|段階|台|通|GB|MB|KB|TB|yen|percent|users?|rows?|"
    "digits?|characters?|times"
)
_NUMBER = re.compile(
    rf"(?<![\d.,])(?P<currency>[¥$€]\s?)?(?P<number>\d+(?:[.,:/-]\d+)*)\s?(?P<unit>(?:{_UNIT})(?![a-z]))?"
    r"(?P<side>以上|以下|未満|以内|以降|以前|前|後(?!ほど))?",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:\d{4}\s?年\s?)?\d{1,2}\s?月\s?\d{1,2}\s?日|\d{4}\s?年\s?\d{1,2}\s?月|\d{4}[-/]\d{1,2}[-/]\d{1,2}"
)
_LABEL = re.compile(r"「([^「」\n]{1,80})」|『([^『』\n]{1,80})』|\[([^\[\]\n]{1,80})\]")
_NAME = re.compile(r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+#]*")
_KATAKANA = re.compile(r"[ァ-ヴー]{3,}(?:[・ ][ァ-ヴー]{3,})*")
_LATIN = re.compile(r"[A-Z]")
_SPACE = re.compile(r"\s+")


class Fact(NamedTuple):
    """A fact and its place: ``text[start:end]`` of the text that was read."""

    kind: str
    """url, email, code, date, number, limit, label, name, term or negation."""
    value: str
    """One spelling for all widths and thousands separators; for comparing."""
    start: int
    end: int


@lru_cache(maxsize=8192)
def _folded(char: str) -> str:
    return unicodedata.normalize("NFKC", char)


def fold(text: str) -> tuple[str, list[int]]:
    """Return ``text`` in NFKC, character by character, and the offset in ``text`` of each character."""
    text = text[:_READ]
    if unicodedata.is_normalized("NFKC", text):
        return text, list(range(len(text) + 1))
    out: list[str] = []
    places: list[int] = []
    for i, char in enumerate(text):
        folded = _folded(char)
        out.append(folded)
        places += [i] * len(folded)
    places.append(len(text))
    return "".join(out), places


@lru_cache(maxsize=2048)
def facts_of(text: str, *, negated: bool = False) -> tuple[Fact, ...]:
    """Return the facts of a text in order; with ``negated`` also what it says does not hold."""
    plain, places = fold(text)
    japanese = re.search("[ぁ-んァ-ン一-龥]", plain) is not None
    found = [
        Fact(kind, value, places[start], places[end - 1] + 1 if end > start else places[start])
        for kind, value, start, end in _read(plain, japanese=japanese, negated=negated)
    ]
    return tuple(sorted(found, key=lambda fact: (fact.start, fact.end)))


def _read(plain: str, *, japanese: bool, negated: bool) -> Iterator[tuple[str, str, int, int]]:
    left = plain  # what was read is blanked, so that nothing is read twice

    def take(start: int, end: int) -> None:
        nonlocal left
        left = left[:start] + " " * (end - start) + left[end:]

    for kind, pattern in (("url", _URL), ("email", _MAIL)):
        for match in list(pattern.finditer(left)):
            value = match.group().rstrip(".,")
            end = match.start() + len(value)
            yield kind, value.replace("\\", ""), match.start(), end  # Markdown escapes
            take(match.start(), match.end())
    for match in _LABEL.finditer(left):
        words = next(group for group in match.groups() if group is not None)
        yield "label", _SPACE.sub("", words), match.start(), match.end()
    for match in list(_DATE.finditer(left)):
        yield "date", _day(match.group()), match.start(), match.end()
        take(match.start(), match.end())
    for span in codes(left):
        yield "code", span.text.upper(), span.start, span.end
        take(span.start, span.end)
    for match in list(_NUMBER.finditer(left)):
        number = match["number"].replace(",", "")
        unit = (match["unit"] or "").lower()
        value = (match["currency"] or "").strip() + number + unit
        yield "number", value, match.start(), match.end()
        if match["side"]:
            yield "limit", value + match["side"], match.start(), match.end()
        take(match.start("number"), match.end("number"))
    for match in _NAME.finditer(left):
        if _LATIN.search(match.group()) and (japanese or _named(left, match)):
            yield "name", match.group().lower(), match.start(), match.end()
    for match in _KATAKANA.finditer(left):
        yield "term", match.group().rstrip("ー"), match.start(), match.end()
    for predicate, start, end in negations(plain) if negated else ():
        yield "negation", predicate, start, end


def _named(text: str, match: re.Match[str]) -> bool:
    """Tell an English name from a word that is written large because it begins a sentence."""
    before = text[: match.start()].rstrip()
    return match.group() != "I" and (
        not (not before or before[-1] in ".!?:\"'()[]>-\n" or text[match.start() - 1] == "\n")
        or re.search(r"[a-z][A-Z]|[A-Z]{2}|\d", match.group()) is not None
    )


def _day(text: str) -> str:
    return "-".join(part.zfill(2) for part in re.findall(r"\d+", text))
