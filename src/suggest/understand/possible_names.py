"""Find whatever may name a person in folded text of a past case: no cue needed, every doubt counts.

:mod:`suggest.understand.names` looks for the customer's own introduction; here nobody introduces
anybody, and a name that is missed reaches another customer. Ordinary words are listed instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from suggest.text import Morpheme, morphemes
from suggest.understand.latin_names import WordKind, is_romaji, kind_of_word, words_of
from suggest.understand.lexicon import alternatives, lexicon
from suggest.understand.name_words import may_name
from suggest.understand.numbers import DASH, Found

_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff々]")
_KANJI = re.compile("[\u3400-\u4dbf\u4e00-\u9fff々ヶケ]{1,4}")
_KANJI_RUN = re.compile(
    "(?<![0-9\u3400-\u4dbf\u4e00-\u9fff々ァ-ヴー])[\u4e00-\u9fff々]{2,3}(?![\u3400-\u4dbf\u4e00-\u9fff々ァ-ヴー])"
)
_KATAKANA = re.compile("[ァ-ヴー]{2,10}")
_ORGANISATION = re.compile(alternatives(lexicon("words")["organisation_ends"]) + r"\Z")
_HONORIFICS = frozenset(lexicon("words")["honorifics"])
_NOT_NAMES = frozenset(lexicon("words")["not_names"])

_OF_PLACES = frozenset(
    "県 市 区 都 府 郡 町 村 省 駅 時間 支店 支社 本店 本社 営業 工場 リージョン 銀行".split()
)

_CAPITALISED = re.compile(
    r"(?<![A-Za-z0-9_@.-])(?:Mc|Mac|[OD]['\u2019])?[A-Z][a-z]{1,20}(?![A-Za-z0-9_@])"
    r"|(?<![A-Za-z0-9_@.-])[A-Z]\.(?= [A-Z][a-z])"
)
_CAPITALS = re.compile(r"(?<![A-Za-z0-9_@.-])[A-Z]{2,20}(?: [A-Z]{2,20}){0,3}(?![A-Za-z0-9_@])")
_ADDRESSED_NAME = re.compile(
    r"\b(?:Mr|Ms|Mrs|Miss|Dr|Prof)\b\.? ?([A-Z][\w'\u2019-]{1,20}(?: [A-Z][\w'\u2019-]{1,20})?)"
)
_LATIN_HONOURED = re.compile(r"([A-Za-z][A-Za-z'\u2019.]{0,20}) ?(?:さん|様|さま|氏|くん|ちゃん)")
_USER = re.compile(
    r"(?<![\w@/.-])[A-Za-z][A-Za-z0-9]{0,20}(?:[._][A-Za-z0-9]{1,20}){1,3}(?![\w@/]|\.\w)", re.ASCII
)
_NUMBERED_USER = re.compile(r"(?<![\w@/.-])([a-z]{4,16})\d{1,4}(?![\w@/])", re.ASCII)

_WEEKDAY = re.compile(
    r"(?<![\d-])(?:(?:\d{4}[/.-])?\d{1,2}[/.-]\d{1,2}|\d{1,2} ?日) ?\(([月火水木金土日])(?=[)・、,/曜])(?:[・、,/](祝))?"
)

_PLACES = (
    re.compile(r"(?:[一-龥々ァ-ヴー]{1,20} ?)?\d{1,4} ?号室"),
    re.compile(r"(?:マンション|アパート|ハイツ|コーポ|メゾン|レジデンス)[^\s、。]{0,12}?\d{1,4}"),
    re.compile(r"\b(?:Room|Apt|Apartment|Suite|Flat)\.? ?#?\d{1,4}[A-Z]?\b"),
    re.compile(r"[一-龥]{2,3}[都道府県][一-龥々ァ-ヶ]{1,8}[市区町村郡]"),
    re.compile(rf"[一-龥々]{{1,8}} ?\d{{1,4}}(?:丁目|番地|{DASH}\d{{1,4}}{DASH}\d{{1,4}}(?!\d))"),
)
_NUMBER = re.compile(
    rf"(?<![A-Za-z0-9])[A-Z]{{1,4}}(?:{DASH}[A-Z]{{1,2}}{DASH}\d{{4,12}}|{DASH}\d{{5,12}})(?![A-Za-z0-9])"
)
_CUT_MAIL = re.compile(r"[\w.+-]{1,64}@[\w.-]{0,64}\.\.\.\Z", re.ASCII)
_CUT_PHONE = re.compile(r"(?<!\d)0\d{1,4}-[\d-]{0,12}\.\.\.\Z", re.ASCII)


def find_possible_names(text: str) -> Iterator[Found]:
    """Yield names, user names and fragments of addresses; what only may be one is one."""
    weekdays = {match.span(group) for match in _WEEKDAY.finditer(text) for group in (1, 2)}
    yield from _joined(text, sorted({*_japanese(text), *_latin(text), *_users(text)} - weekdays))
    for pattern in _PLACES:
        for match in pattern.finditer(text):
            yield "address", *match.span()
    for match in _NUMBER.finditer(text):
        yield "customer_number", *match.span()
    for kind, cut in (("email", _CUT_MAIL), ("phone", _CUT_PHONE)):
        tail = cut.search(text, max(0, len(text) - 140))
        if tail:
            yield kind, tail.start(), tail.end() - 3


def _joined(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[Found]:
    """Yield a family name and the given name after it as one."""
    at: tuple[int, int] | None = None
    for start, end in spans:
        if at is not None and (start <= at[1] or text[at[1] : start] == " "):
            at = at[0], max(at[1], end)
            continue
        if at is not None:
            yield "name", *at
        at = start, end
    if at is not None:
        yield "name", *at


def _japanese(text: str) -> Iterator[tuple[int, int]]:
    if not _JAPANESE.search(text):
        return
    found = morphemes(text)
    for i, m in enumerate(found):
        if m.pos[0] != "名詞" or m.surface.isascii() or m.surface in _NOT_NAMES:
            continue
        if m.pos[2] == "人名" or _stands_alone(found, i):
            yield m.start, m.end
    conjugated = set(_conjugated(found, text))
    for match in _KANJI_RUN.finditer(text):
        word = match.group()
        if (
            word not in words_of("ordinary_nouns")
            and word not in _NOT_NAMES
            and match.end() not in conjugated
            and may_name(word)
        ):
            yield match.span()


def _conjugated(found: Sequence[Morpheme], text: str) -> Iterator[int]:
    """Yield where the kanji of a verb or an adjective end that has an ending after them: 「今見たら」, 「お金取られ」."""
    for m, after in zip(found, (*found[1:], None), strict=True):
        if m.pos[0] not in ("動詞", "形容詞"):
            continue
        kanji = _KANJI.match(text, m.start, m.end)
        if kanji and kanji.end() < m.end:
            yield kanji.end()
        elif after is not None and (
            (after.pos[0] == "助動詞" and after.surface[0] not in "でだ") or after.pos[1] == "接続助詞"
        ):
            yield m.end


def _stands_alone(found: Sequence[Morpheme], i: int) -> bool:
    """Tell whether an ordinary noun, a place or an unknown word is used as a name may be."""
    m = found[i]
    before = found[i - 1] if i else None
    after = found[i + 1] if i + 1 < len(found) else None
    if after is not None and after.surface in _HONORIFICS and after.pos[0] == "接尾辞":
        return may_name(m.surface) or bool(_KATAKANA.fullmatch(m.surface))
    if m.pos[2] == "地名" and _KANJI.fullmatch(m.surface) and m.pos[3] != "国":
        return (
            (after is None or after.surface not in _OF_PLACES)
            and m.surface not in words_of("ordinary_nouns")
            and (after is None or after.pos[0] not in ("名詞", "接尾辞") or may_name(m.surface))
        )
    staff = _after_organisation(found, i)
    if before is not None and before.pos[0] in ("名詞", "接頭辞", "接尾辞") and not staff:
        return False
    if after is not None and after.pos[0] in ("名詞", "接尾辞"):
        return False
    if m.surface in words_of("ordinary_nouns"):
        return False
    if _KATAKANA.fullmatch(m.surface):
        return staff and m.pos[1] == "固有名詞"
    return may_name(m.surface)


def _after_organisation(found: Sequence[Morpheme], i: int) -> bool:
    j = i - 1
    if j >= 0 and found[j].surface in ("の", "、", " "):
        j -= 1
    return j >= 0 and _ORGANISATION.search(found[j].surface) is not None


def _latin(text: str) -> Iterator[tuple[int, int]]:
    run: list[tuple[int, int, WordKind]] = []
    for match in _CAPITALISED.finditer(text):
        if run and text[run[-1][1] : match.start()] not in (" ", "・"):
            yield from _named(run)
            run = []
        word = match.group()
        run.append((*match.span(), "both" if word.endswith(".") else kind_of_word(word.lower())))
    yield from _named(run)
    for match in _CAPITALS.finditer(text):
        words = match.group().lower().split()
        if any(kind_of_word(word) == "name" and len(word) >= (4 if len(words) > 1 else 6) for word in words):
            yield match.span()
    for match in _ADDRESSED_NAME.finditer(text):
        yield match.span(1)
    for match in _LATIN_HONOURED.finditer(text):
        if kind_of_word(match.group(1).lower()) != "ordinary":
            yield match.span(1)


def _named(run: Sequence[tuple[int, int, WordKind]]) -> Iterator[tuple[int, int]]:
    """Yield the words of a row of capitalised words that are, or stand beside, a name."""
    for i, (start, end, kind) in enumerate(run):
        beside = [run[j][2] for j in (i - 1, i + 1) if 0 <= j < len(run)]
        if kind in ("name", "unknown") or (kind == "both" and set(beside) & {"name", "unknown", "both"}):
            yield start, end


def _users(text: str) -> Iterator[tuple[int, int]]:
    for match in _USER.finditer(text):
        parts = re.split(r"[._]", match.group().lower())
        letters = [part.rstrip("0123456789") for part in parts]
        initial = any(len(part) == 1 and part.isalpha() for part in parts)
        if (initial and any(len(part) >= 3 for part in letters)) or any(
            is_romaji(part) or (part in words_of("given_names") and part not in words_of("ordinary_words"))
            for part in letters
        ):
            yield match.span()
    for match in _NUMBERED_USER.finditer(text):
        if is_romaji(match.group(1)):
            yield match.span()
