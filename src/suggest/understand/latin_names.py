"""Find names in Latin letters, in folded English or Japanese text: by the words around them, or by a known given name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Literal

from suggest.text import morphemes
from suggest.understand.lexicon import lexicon

WordKind = Literal["name", "both", "unknown", "ordinary"]

_SYLLABLES = re.compile(
    r"(?:(?:[kgsztdnhbpmyrwjf]|ch|sh|ts|[kgnhbpmr]y|kk|ss|tt|pp)?[aiueo]h?|n(?![aiueoy]))+\Z"
)
_PART = r"(?:(?:Mc|Mac|[OD]['\u2019])?[A-Z][a-z'\u2019-]{1,20}(?:(?<=-)[A-Z][a-z'\u2019]{1,15})?|[A-Z]{2,20}(?![a-z]))"
_INITIAL = r"(?: [A-Z]\.?(?![A-Za-z]))?"
_PARTICLE = "(?:(?:van (?:der |den |de )?|de (?:la )?|da |di |von (?:der )?|bin |al-))?"
_NAME = rf"{_PARTICLE}{_PART}{_INITIAL}(?: {_PARTICLE}{_PART}){{0,2}}"
_FULL = rf"{_PART}{_INITIAL} {_PARTICLE}{_PART}"
_ENGLISH = re.compile(
    rf"(?:\b[Mm]y (?:full )?name(?: is|'s|\u2019s)|\b(?:Mr|Ms|Mrs|Miss|Dr|Prof)\b\.?|\bMr\.? and Mrs\b\.?|\b[Uu]nder the name(?: of)?"
    rf"|\b(?:account ?holder|card ?holder|[Cc]ontact(?: person)?|[Rr]ecipient|[Rr]esident) is"
    rf"|\b[Mm]y (?:colleague|husband|wife|son|daughter|mother|father|brother|sister|partner|boss|manager|assistant|friend),?"
    rf"|\b(?:[Aa]sk for|[Aa]ttn:?|c/o|[Ss]peak (?:to|with)|[Cc]are of|holder)"
    rf"|\b[Oo]ur (?:colleague|manager|director|accountant|admin|administrator)"
    rf"|\b(?:[Rr]egistered|[Aa]ccount|[Cc]ard|[Ff]ull|[Gg]uest|[Cc]ontact) name(?: is|:)?|\b[Nn]ame on (?:the |my )?(?:card|account|order|booking)(?: is|:)?"
    rf"|\b(?:[Pp]t|[Pp]atient|[Tt]enant|[Dd]aughter|[Ss]on|[Hh]usband|[Ww]ife)(?:[:,]| =| is)?|\b(?:[Cc]aller|[Vv]isitor|[Gg]uest) is"
    rf")[ ]((?:[A-Z]\.[ ]?){{0,3}}{_NAME})(?![A-Za-z0-9])"
)
_INTRODUCTION = re.compile(
    rf"(?:\b[Tt]his is|\bI am|\bI['\u2019]m)[ ]({_FULL})(?=,| from| at| with| in\b| and|\.|\n|\Z)"
    rf"|\b[Tt]his is ({_PART})(?= from| at| in\b| with)"
)
_SIGNED = re.compile(
    r"(?:^|\n|(?<=[.!?]))[ ]{0,4}(?:Best|Kind|Warm|Many|With)?[ ]?(?:[Rr]egards|[Tt]hanks|[Tt]hank you|[Ss]incerely|[Cc]heers|[Rr]espectfully"
    r"|[Bb]est(?: wishes)?|[Yy]ours(?: truly| sincerely| faithfully)?)[ ]?[^\n\w]{0,3}[ \n]{1,4}"
    rf"((?:(?:Mr|Ms|Mrs|Miss|Dr)\.? )?(?:[A-Z]\. ?){{0,2}}{_NAME})[ ]{{0,3}}(?=\n|,|\(|\Z)"
)
_SINGLE = re.compile(
    rf"(?<=[a-z,;:(=-] )(?<!\b[Tt]he )(?<!\b[Aa] )(?<!\b[Aa]n )(?:\()?({_PART})(?=[ ]?[,.;:)!?'\n]|\Z| (?![A-Z0-9]))"
)
"""One capitalised word inside an English sentence."""
_SIGNED_ALONE = re.compile(rf"(?:^|\n)[ ]{{0,2}}(?:- ?)?({_PART})(?=,? ?(?:[A-Z][\w &]{{2,40}})?[ ]*\n?\Z)")
"""The last line: "Gareth, Office Services\""""
_AT_END_OF_LINE = re.compile(
    rf"(?:部|課|室|係|社|支店|センター|チーム|グループ|担当)[ ]({_PART}(?: {_PART}){{1,2}})[ ]*(?=\n|\Z|[(])"
)
_SPEAKER = re.compile(rf"(?:^|\n)\[?\d{{1,2}}:\d{{2}}(?::\d{{2}})?\]? ({_NAME}):")
_IN_BRACKETS = re.compile(rf"(?<=[一-龥ぁ-んァ-ヶ])[ ]?[(]({_PART} {_PART})[)]")
"""「五十畑 怜 (Rei Isohata)」"""
_SLASHED = re.compile(r"(?<![A-Z/])([A-Z]{2,12})/([A-Z]{2,12})(?![A-Z/])")
"""As on tickets: 「KOBAYASHI/TAKESHI」"""
_LOWER = re.compile(r"(?:^|(?<=\n))[ ]{0,2}([a-z]{2,12} [a-z]{2,14})(?=,|[ ]{0,2}(?:\n|\Z))")
_DASHED = re.compile(rf"\n[ ]{{0,2}}[-\u2013\u2014~][ ]?({_NAME})[ ]{{0,2}}\Z")
_ITS = re.compile(
    rf"\b(?:[Ii]t(?:'|\u2019)?s|[Ii] am|[Ii](?:'|\u2019)m|[Nn]ame's|[Tt]his is)[ ]({_NAME})(?=[,.!\n]|\Z| here)"
)
_INITIALLED = re.compile(
    rf"(?:\n|(?<=[.!?。]) ?)[ ]{{0,2}}({_PART} [A-Z]\.?|[A-Z]\. ?{_PART})[ ]{{0,2}}(?=\n\n|\n?\Z)"
)
"""At the end: 「Sato R.」, "D. Castellano\""""
_UNDER = re.compile(
    rf"\b(?:booking|reservation|order|account|policy|appointment|registered|ticket|room|table|no\.)[^\n.]{{0,24}} under (?:the name )?({_NAME})(?![A-Za-z])"
)
_ADDRESSED = re.compile(rf"(?:^|\n)(?:Dear|Hi|Hello) ({_NAME})(?=,|\n|!)")
_AFTER_NAMES = ("と申", "といいま", "様", "さま", "さん", "氏", "宛", "あて")
_IN_JAPANESE = re.compile(
    rf"(?<![A-Za-z0-9@._-])({_FULL})(?=[ ]?(?:{'|'.join(_AFTER_NAMES)}))"
    rf"|(?<![A-Za-z0-9@._-])({_PART})(?=[ ]?(?:と申|といいま|様|さま|さん(?!ぷる)|氏))"
)
_IS_IN_JAPANESE = re.compile(
    rf"(?<![A-Za-z0-9@._-])({_FULL})(?=[ ]?(?:です|でございます|でした|[(][ぁ-んァ-ヶ]))"
)
_JAPANESE = re.compile("[ぁ-ヶ]")
_ALONE = re.compile(rf"(?:^|(?<=[。!?\n]))[ ]{{0,2}}({_PART} {_PART})[ ]{{0,2}}(?=\n|\Z)")
_NAMED_SO = re.compile(
    rf"(?:名義(?:人)?|氏名|お?名前|宛名|ローマ字)(?:は|が|で|:|、|表記は)[ 「]{{0,2}}({_FULL})(?![A-Za-z])"
)
_CUED = re.compile(
    rf"(?:管理者|担当者?|窓口|責任者|上司|同僚|部下|前任者?|後任者?|名前|名義|私)(?:は|の|が|:|、)?[ ]?({_PART})(?=[ ]?(?:です|でござ|が|に|から|まで|宛|と|、|。))"
)
_HAS_SUCH = re.compile(
    rf"[A-Za-z.'\u2019-] ?(?:{'|'.join((*_AFTER_NAMES, 'です', 'でございます', 'でした', '[(]'))})"
)
_PAIR = re.compile(rf"(?<![A-Za-z0-9@._-])(?=({_FULL})(?![A-Za-z0-9@_-]))")
_NOT_NAMES = frozenset(word.lower() for word in lexicon("words")["not_names"])
ORGANISATIONS = frozenset(
    "sirs sir madam hr it accounts billing sales helpdesk ltd inc llc corp co gmbh trading foods works partners logistics health group team support".split()
)


def find_latin_names(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each name; the same one may come twice."""
    yield from _by_words_around(text)
    yield from _by_given_name(text)
    if _HAS_SUCH.search(text) or _JAPANESE.search(text):
        yield from _between_japanese(text)


def _by_words_around(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_ENGLISH, _INTRODUCTION, _SIGNED, _ADDRESSED, _INITIALLED, _UNDER):
        for match in pattern.finditer(text):
            group = 1 if match.group(1) else 2
            if not _is_ordinary(match.group(group)):
                yield match.span(group)


def _by_given_name(text: str) -> Iterator[tuple[int, int]]:
    for match in (*_DASHED.finditer(text), *_ITS.finditer(text)):
        if _is_given(match.group(1).lower().split()[0]) and not _is_ordinary(match.group(1)):
            yield match.span(1)
    for match in _SPEAKER.finditer(text):
        first = match.group(1).lower().split()[0]
        if _is_given(first) or is_romaji(first):
            yield match.span(1)
    if not _JAPANESE.search(text):
        for match in (*_SINGLE.finditer(text), *_SIGNED_ALONE.finditer(text)):
            if _is_given(match.group(1).lower()):
                yield match.span(1)
    for match in (*_SLASHED.finditer(text), *_LOWER.finditer(text)):
        if all(is_syllabic(w) or _is_given(w) for w in re.split("[/ ]", match.group().strip().lower())):
            yield match.start(1), match.end()
    for match in _PAIR.finditer(text):
        first, *_, last = match.group(1).replace("\u2019", "'").lower().split()
        if kind_of_word(last) == "ordinary":
            continue
        if match.group(1).split()[0].isupper() and first not in words_of("given_names"):
            continue  # 「SATA II」
        if _is_given(first) and last not in words_of("ordinary_words") | ORGANISATIONS:
            yield match.span(1)


def _between_japanese(text: str) -> Iterator[tuple[int, int]]:
    called = _IN_JAPANESE.finditer(text) if any(word in text for word in _AFTER_NAMES) else ()
    for match in (*called, *_NAMED_SO.finditer(text)):
        group = 1 if match.group(1) else 2
        if not _is_ordinary(match.group(group)):
            yield match.span(group)
    for match in (*_AT_END_OF_LINE.finditer(text), *_IN_BRACKETS.finditer(text)):
        words = match.group(1).lower().split()
        if _is_given(words[0]) or all(map(is_syllabic, words)):
            yield match.span(1)
    for match in _IS_IN_JAPANESE.finditer(text):
        words = match.group(1).lower().split()
        if any(word in words_of("given_names") for word in words) or all(map(is_romaji, words)):
            yield match.span(1)
    for match in _ALONE.finditer(text):
        if all(is_syllabic(w) or w in words_of("given_names") for w in match.group(1).lower().split()):
            yield match.span(1)
    for match in _CUED.finditer(text):
        if kind_of_word(match.group(1).lower()) == "name":
            yield match.span(1)


def _is_given(word: str) -> bool:
    """Tell whether a lower-case word is a given name and nothing else."""
    first = word.partition("-")[0]
    return (word in words_of("given_names") or first in _given_names()) and word not in words_of(
        "ordinary_words"
    )


def _is_ordinary(name: str) -> bool:
    """Tell whether a name is made of words that greet, or that name a product or a team."""
    words = name.lower().split()
    return any(word in _NOT_NAMES or word in ORGANISATIONS for word in words) or all(
        word in words_of("ordinary_words") - words_of("given_names") for word in words
    )


@lru_cache(maxsize=20_000)
def kind_of_word(word: str) -> WordKind:
    """Tell whether a lower-case word is a name, may be one, or is an ordinary word."""
    word = word.removesuffix("'s").removesuffix("\u2019s")
    given = word in words_of("given_names")
    if word in words_of("ordinary_words"):
        return "both" if given else "ordinary"
    if given:
        return "name"
    found = morphemes(word)
    if len(found) == 1 and found[0].pos[2] != "人名":
        known = found[0].pos[1] == "固有名詞" or not found[0].normalized.isascii()
        if known and not word.endswith("."):
            return "ordinary"
    if len(found) == 1 and found[0].pos[2] == "人名":
        return "name"
    return "name" if is_romaji(word) else "unknown"


def is_romaji(word: str) -> bool:
    """Tell whether a lower-case word is spelt like Japanese."""
    return (
        len(word) >= 4
        and _SYLLABLES.match(word) is not None
        and word not in words_of("romaji_like")
        and word not in words_of("ordinary_words")
    )


def is_syllabic(word: str) -> bool:
    """Tell whether a lower-case word of at least three letters reads as Japanese syllables, as :func:`is_romaji` of longer ones."""
    return is_romaji(word) or (
        len(word) == 3
        and _SYLLABLES.match(word) is not None
        and word not in words_of("romaji_like") | words_of("ordinary_words")
    )


@lru_cache(maxsize=1)
def _given_names() -> frozenset[str]:
    """Return given names of many countries that no English text has as another word (``given_names.txt``)."""
    text = (files(__package__) / "given_names.txt").read_text(encoding="utf-8")
    return frozenset(text.split()) - words_of("romaji_like")


@lru_cache(maxsize=8)
def words_of(name: str) -> frozenset[str]:
    """Return a list of words of ``possible_names.toml``."""
    return frozenset(lexicon("possible_names")[name].split())
