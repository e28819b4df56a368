"""Find people's names in folded text: by the words around them, and by Sudachi's 人名.

A family name with a given name after it is a name wherever it stands; either alone needs a cue (「と申します」, a
label, an honorific, 「娘の」, a signature line), or product and place names would be masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from suggest.text import Morpheme, morphemes, morphemes_if
from suggest.understand.latin_names import find_latin_names
from suggest.understand.lexicon import alternatives, beginning, lexicon
from suggest.understand.name_cues import (
    AFTER_ORGANISATION,
    COMPANY,
    OF_FAMILY,
    OF_SOMEBODY,
    Stretch,
    around,
    by_cue,
    introduced,
)
from suggest.understand.name_words import (
    BEGINNINGS,
    JAPANESE,
    NOT_NAMES,
    SURNAMES,
    is_family,
    is_person,
    is_place,
    may_be_family,
    may_begin,
    may_name,
    nameish,
)
from suggest.understand.numbers import Found

_MAX_REPEATED = 50
_LAST_LINES = 15
_NOT_LONGER = re.compile(
    r"(?=本人|自身|宛|家)|(?![一-龥々](?<![様氏殿君宛]))(?![ァ-ヶー](?<=[ァ-ヶー]{2}))|(?=[一-龥]{1,8}(?:事務所|商店|医院|商会|工務店))"
)
_LINE = re.compile(r"[^\n]+")
_LABEL_WORDS = ["ご?" + word for word in lexicon("words")["name_labels"]]
_LABELS = rf"{beginning(_LABEL_WORDS)}(?<![一-龥]){alternatives(_LABEL_WORDS)}"
_LABEL = re.compile(rf"{_LABELS}[ ]?[:/=】\]][ ]?([^\n。、,;:|/]{{1,40}})", re.IGNORECASE)
_LABEL_ALONE = re.compile(
    rf"{_LABELS}(?<=[一-龥ぁ-んァ-ヶ])[ ]{{1,2}}([一-龥々ぁ-んァ-ヶー][^\n。、,;:|/]{{1,40}})"
)
_KANA_NAME = re.compile(r"[ァ-ヶー]{2,8}[ ・][ァ-ヶー]{1,8}|[ぁ-んー]{2,8} [ぁ-んー]{1,8}")
_LABEL_ENDS = re.compile(r"[(]| {2,}| (?=\d)|です|になって|と申します|でございます|宛|様")
_READING = re.compile(
    r"[ ]?[(]([ぁ-んァ-ヶー]{1,8}[ ・]?[ぁ-んァ-ヶー]{1,8}(?:[ ・][ぁ-んァ-ヶー]{1,8}){0,2})[)]"
)
_LINE_NAME = re.compile(
    r"(?:^|(?<=[ /|]))([一-龥々ぁ-んァ-ヶー]{1,5}[ ]?[一-龥々ぁ-んァ-ヶー]{0,5})[ ]?(?:[(][^()]{1,30}[)])?[ ]*\Z"
)
_KATAKANA_NAME = re.compile(r"(?<![ァ-ヶー])[ァ-ヶー]{2,10}(?:[・ ][ァ-ヶー]{1,10}){1,3}(?![ァ-ヶー])")
_SENTENCE_MARK = re.compile(r"[。、,.!?]|(?:です|ます|した|ません|たい)\Z")
_HONORIFICS = tuple(lexicon("words")["honorifics"])
_TITLES = tuple(lexicon("words")["titles"])
_BEFORE_BRACKETS = re.compile(rf"(?:\d|{alternatives(lexicon('words')['titles'])}) ?[(]\Z")
_INTRODUCED = ("と申", "といいま", "と言いま", "ともうします")
_IS = ("です", "でした", "でございます", "であります")
_GIVEN = re.compile("[一-龥々]{1,3}|[ぁ-ん]{2,4}|[ァ-ヶー]{2,5}")


def find_names(text: str) -> Iterator[Found]:
    """Yield ``("name", start, end)``, and ages beside names. Other mentions are found by :func:`repeated`."""
    found = set(_labelled(text))
    found.update(find_latin_names(text))
    if JAPANESE.search(text):
        found.update(_in_prose(text))
        found.update(_on_lines(text))
    for start, end in found:
        yield "name", start, end
        reading = _READING.match(text, end)
        if reading:
            yield "name", *reading.span(1)
        age = re.match(r"[ ]?[(](\d{1,3})(?:歳|才)?[)]", text[end : end + 12])
        if age:
            yield "age", end + age.start(1), end + age.end(1)


@lru_cache(maxsize=20_000)
def parts_of(name: str) -> frozenset[str]:
    """Return ``name`` and the parts of it by which a person is called too: family name and given name."""
    parts = {name, *re.split("[ ・]", name)}
    if JAPANESE.search(name):
        found = morphemes(name)
        if len(found) > 1 and all(is_person(m) or m.surface in " ・" for m in found):
            parts.update(m.surface for m in found)
    return frozenset(part for part in parts if len(part) >= 2 and part not in NOT_NAMES)


def repeated(text: str, names: Iterable[str]) -> Iterator[Found]:
    """Yield every place in ``text`` where one of ``names``, or a part of one, stands."""
    for word in frozenset[str]().union(*map(parts_of, sorted(names)[:_MAX_REPEATED])):
        japanese = JAPANESE.search(word) is not None
        if not japanese and len(word) < 3:
            continue
        at = text.find(word)
        while at >= 0:
            end = at + len(word)
            if _NOT_LONGER.match(text, end) if japanese else _is_word(text, at, end):
                yield "name", at, end
            at = text.find(word, end)


def _is_word(text: str, start: int, end: int) -> bool:
    return not (text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum())


def _labelled(text: str) -> Iterator[Stretch]:
    for match in (*_LABEL.finditer(text), *_LABEL_ALONE.finditer(text)):
        sure = match.re is _LABEL
        value = _LABEL_ENDS.split(match.group(1), maxsplit=1)[0].strip(" 様")
        if (
            2 <= len(value) <= 24
            and value not in NOT_NAMES
            and not re.search(r"[\d@<>{}〔]|[をにがはで]|(?:ます|です|した|たい|ない)\Z", value)
            and (
                sure
                or _KANA_NAME.fullmatch(value)
                or any(map(is_person, morphemes(value)))
                or may_name(value)
            )
        ):
            start = text.index(value, match.start(1))
            yield start, start + len(value)


# --- in a sentence -----------------------------------------------------------------------------


def _in_prose(text: str) -> Iterator[Stretch]:
    found = morphemes_if(text, BEGINNINGS)
    i = 0
    while i < len(found):
        if not may_begin(found[i]):
            i += 1
            continue
        end = i + 1
        while end < len(found) and (
            nameish(found[end])
            or (found[end].surface == " " and end + 1 < len(found) and nameish(found[end + 1]))
        ):
            end += 1
        end += _completes_given(found, end)
        named, used = _named(found, i, end, text)
        if named is not None and text[named[0] : named[1]] not in NOT_NAMES:
            yield named
        i = max(used, i + 1)
    yield from by_cue(text)
    for match in _KATAKANA_NAME.finditer(text):
        parts, people = _people_in(match.group())
        if not people:
            continue
        before, after = around(text, *match.span())
        cue = (
            after.startswith((*_HONORIFICS, *_INTRODUCED, *_IS))
            or before.endswith(("名義 ", "名義は", "カナ:"))
            or OF_FAMILY.search(before)
            or ("・" in match.group() and OF_SOMEBODY.search(before))
        )
        if people == parts or cue or (people * 2 >= parts and not after[:1].strip()):
            yield match.span()


def _completes_given(found: Sequence[Morpheme], end: int) -> bool:
    """Tell whether one more character belongs to a given name after a space: 李 佳|怡, which no dictionary has."""
    return (
        2 <= end < len(found)
        and found[end - 2].surface == " "
        and re.fullmatch("[一-龥]", found[end - 1].surface) is not None
        and re.fullmatch("[一-龥々]", found[end].surface) is not None
        and found[end].pos[0] == "名詞"
        and found[end].surface not in _HONORIFICS
    )


@lru_cache(maxsize=20_000)
def _people_in(words: str) -> tuple[int, int]:
    """Return of how many parts katakana words are made, and how many of these are names."""
    parts = [m for m in morphemes(words) if m.surface not in " ・"]
    return len(parts), sum(map(is_person, parts))


def _named(found: Sequence[Morpheme], first: int, end: int, text: str) -> tuple[Stretch | None, int]:
    """Return the name in ``found[first:end]`` and what may follow it, if it is one, and where to go on."""
    run = [m for m in found[first:end] if m.surface != " "]
    start, stop = found[first].start, found[end - 1].end
    before, after = around(text, start, stop)
    if re.search("[一-龥]\\Z", before) and not introduced(before):
        return None, end  # the end of a longer word: 税理士さん
    given = _unusual_given(found, end, text) if len(run) == 1 and may_be_family(run[0]) else None
    if given is not None:
        return (start, given[0]), given[1]
    if _stands_alone(run, before, after):
        return (start, stop), end
    if len(run) >= 2 and is_family(run[0]) and is_person(run[1]):
        spaced = any(m.surface == " " for m in found[first:end])
        follows = after.startswith((*_HONORIFICS, *_TITLES, "宛", "名義")) or not re.match("[一-龥々]", after)
        bounded = not before.strip() or not re.search("[一-龥ァ-ヶ]\\Z", before)
        if follows and (bounded or introduced(before)) and (stop - start >= 3 or not spaced):
            return (start, stop), end
    if _has_cue(run, before, after, found[end] if end < len(found) else None):
        return (start, stop), end
    return None, end


def _stands_alone(run: Sequence[Morpheme], before: str, after: str) -> bool:
    """Tell whether kanji that the dictionary has as a name only are somebody wherever they stand: 門倉.

    Of 3,900 articles and inquiries none has such a word that is not a name, but for six that are listed (``not_names``).
    """
    text = "".join(m.surface for m in run)
    return (
        any(is_person(m) and m.pos[3] in ("姓", "名") for m in run)
        and re.fullmatch("[一-龥々ヶ]{2,6}", text) is not None
        and text not in NOT_NAMES
        and re.search("[一-龥々ァ-ヶーA-Za-z0-9]\\Z", before) is None
        and (
            re.match("[一-龥々ァ-ヶーA-Za-z0-9]", after) is None
            or after.startswith((*_HONORIFICS, *_TITLES, "宛", "名義"))
        )
    )


def _unusual_given(found: Sequence[Morpheme], at: int, text: str) -> tuple[int, int] | None:
    """Return the end of a given name that the dictionary has as another word, after a family name; and its place."""
    spaced = at < len(found) and found[at].surface == " "
    at += spaced
    if at >= len(found) or found[at].pos[0] not in ("名詞", "形状詞", "副詞", "代名詞", "形容詞", "動詞"):
        return None
    last = at
    while (
        last + 1 < len(found)
        and _GIVEN.fullmatch(text[found[at].start : found[last + 1].end])
        and (found[last + 1].pos[0] in ("名詞", "接尾辞") and found[last + 1].surface not in _HONORIFICS)
    ):
        last += 1
    end = found[last].end
    word, after = text[found[at].start : end], text[end : end + 8]
    if not _GIVEN.fullmatch(word) or word in NOT_NAMES or word.startswith(_TITLES) or word in _HONORIFICS:
        return None
    sure = after.startswith((*_INTRODUCED, *_HONORIFICS, "宛", "(")) or (
        spaced and (not after.strip(" ") or after.startswith(("\n", " \n", *_IS, "です")))
    )
    before = text[max(0, found[at - 1 - spaced].start - 24) : found[at - 1 - spaced].start]
    of_somebody = OF_SOMEBODY.search(before) or OF_FAMILY.search(before)
    if of_somebody and (spaced or may_name(word)) and not re.match("[一-龥]", after):
        return end, last + 1
    named = after.startswith((*_INTRODUCED, *_HONORIFICS))
    return (end, last + 1) if sure and (named or spaced or may_name(word)) else None


def _has_cue(run: Sequence[Morpheme], before: str, after: str, following: Morpheme | None) -> bool:
    """Tell whether the words around a run of name-like words say that it is somebody."""
    person = any(is_person(m) for m in run)
    short = len(run[0].surface) + (len(run) > 1) < 2
    if short and not (is_family(run[0]) or run[0].surface in SURNAMES):
        return False
    if after.startswith(_INTRODUCED):
        return True
    if after.startswith((*_HONORIFICS, *_TITLES)):
        return person or is_place(run[-1]) or short
    presented = introduced(before)
    somebody = bool(OF_SOMEBODY.search(before) or OF_FAMILY.search(before))
    if person and (
        (_BEFORE_BRACKETS.search(before) and after.startswith(")"))
        or re.match(r"[ ]?[(][+0]\d", after)
        or (before.strip() == "(" and re.match(r"\) *(?:\n|\Z)", after))
    ):
        return True  # beside a number or a title, or alone: 「070-… (安藤)」, 「総務課長(能見)」
    joined = following is not None and following.pos[0] in ("名詞", "接尾辞") and following.surface != " "
    if somebody and not joined and not re.match("[一-龥]", after):
        return person or bool(OF_FAMILY.search(before)) or short
    if after.startswith(_IS) and JAPANESE.search(run[0].surface):
        alone = not before.strip() or before.rstrip().endswith(("。", "、", "「", "!", "申します"))
        return (
            (person and (presented or (alone and (not short or is_family(run[0])))))
            or (presented and is_place(run[-1]))
            or (presented and short)
        )
    return False


# --- on a line of its own ----------------------------------------------------------------------


def _on_lines(text: str) -> Iterator[Stretch]:
    lines = list(_LINE.finditer(text))
    for i, match in enumerate(lines[-_LAST_LINES:], max(0, len(lines) - _LAST_LINES)):
        line = match.group()
        if len(line.strip()) <= 40 and not _SENTENCE_MARK.search(line.strip()) and JAPANESE.search(line):
            above = lines[i - 1].group() if i else ""
            for start, end in _signature_line(line, above, last=i == len(lines) - 1):
                yield match.start() + start, match.start() + end


def _signature_line(line: str, above: str, *, last: bool) -> Iterator[Stretch]:
    match = _LINE_NAME.search(line)
    if match is None or match.group(1).strip() in NOT_NAMES:
        return
    start, end = match.span(1)
    value = line[start:end].rstrip()
    company, _, person = value.partition(" ")
    if person and (COMPANY.search(company) or AFTER_ORGANISATION.search(company)):
        start, value = start + len(company) + 1, person
    found = [m for m in morphemes(value) if m.surface.strip()]
    people = sum(is_person(m) for m in found)
    whole = line[:start].strip()
    if not found or len(found) > 3 or not all(nameish(m) or m.pos[0] == "名詞" for m in found):
        return
    parts = value.split()
    spaced = len(parts) == 2 and all(len(part) <= 4 for part in parts)
    in_company = bool(COMPANY.search(whole or above))
    after_organisation = not whole or bool(AFTER_ORGANISATION.search(whole)) or in_company
    annotated = match.end() > end + 2 and is_place(found[0]) and len(found) == 2  # 「花山 トメ(78)」
    named = people == len(found) or (len(found) == 1 and (may_name(value) or value in SURNAMES))
    unusual = (
        len(found) == 2 and is_family(found[0]) and _GIVEN.fullmatch(found[1].surface) and last and not whole
    )
    if (
        (people and (spaced or named) and after_organisation)
        or people == len(found) == 2
        or (annotated and spaced and not whole)
        or unusual
        or (named and in_company and not re.search("[一-龥]\\Z", line[:start]))
        or (
            named
            and last
            and not whole
            and len(value) <= 4
            and value not in NOT_NAMES
            and is_family(found[0])
        )
    ):
        yield start, start + len(value)
