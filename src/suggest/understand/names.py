"""Find people's names in folded text: by the words around them, and by Sudachi's 人名.

A name needs both a cue (「と申します」, a label, an honorific, a signature line) and the look of a
name; either alone would mask product and place names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from suggest.text import Morpheme, morphemes
from suggest.understand.lexicon import alternatives, lexicon
from suggest.understand.numbers import Found

_MAX_REPEATED = 50
_JAPANESE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff々]")
_CUE = re.compile(
    r"です|でございます|と申|といいま|と言いま|様|さま|さん|氏|殿|くん|君|ちゃん|先生|部長|課長|係長|社長|店長"
)
_LINE = re.compile(r"[^\n]+")
_LABEL = re.compile(
    alternatives(lexicon("words")["name_labels"]) + r"[ ]?[:/][ ]?([^\n。、,;:|/]{1,40})", re.IGNORECASE
)
_LATIN_NAME = r"[A-Z][A-Za-z'\u2019-]{1,20}(?: [A-Z]\.?(?![A-Za-z]))?(?: [A-Z][A-Za-z'\u2019-]{1,20}){0,2}"
_ENGLISH = re.compile(
    rf"(?:\b[Mm]y name is|\b[Mm]y name's|\b(?:Mr|Ms|Mrs|Dr)\.?|\b[Tt]his is(?= [A-Z][a-z]+ (?:[A-Z][a-z]+ )?(?:from|at|in|with)\b)"
    rf"|\bI(?: am|'m)(?= [A-Z][a-z]+ [A-Z][a-z]+(?:,| from| at|\.| and)))[ ]({_LATIN_NAME})"
)
_SIGNED = re.compile(
    r"(?:^|\n)[ ]{0,4}(?:Best|Kind|Warm|Many|With)?[ ]?(?:[Rr]egards|[Tt]hanks|[Tt]hank you|[Ss]incerely|[Cc]heers"
    r"|[Bb]est(?: wishes)?|[Yy]ours(?: truly| sincerely| faithfully)?)[ ]?[^\n\w]{0,3}[ \n]{1,4}"
    rf"({_LATIN_NAME})[ ]{{0,3}}(?=\n|,|\(|\Z)"
)
_LINE_NAME = re.compile(
    r"(?:^|(?<=[ /|]))([一-龥々ぁ-んァ-ヶー]{1,5}[ ]?[一-龥々ぁ-んァ-ヶー]{0,5})[ ]?(?:[((][^()()]{1,30}[))])?[ ]*\Z"
)
_SENTENCE_MARK = re.compile(r"[。、,.!?]|(?:です|ます|した|ません|たい)\Z")
_HONORIFICS = frozenset(lexicon("words")["honorifics"])
_TITLES = frozenset(lexicon("words")["titles"])
_NOT_NAMES = frozenset(lexicon("words")["not_names"])
_AFTER_ORGANISATION = re.compile(alternatives(lexicon("words")["organisation_ends"]) + r"(?:[ ]|の|、)?\Z")


def find_names(text: str) -> Iterator[Found]:
    """Yield ``("name", start, end)``, and ages beside names. Other mentions are found by :func:`repeated`."""
    found = set(_labelled(text)) | set(_english(text))
    lines = [m for m in _LINE.finditer(text) if _JAPANESE.search(m.group())]
    for i, match in enumerate(lines):
        line, at = match.group(), match.start()
        short = len(line.strip()) <= 40 and not _SENTENCE_MARK.search(line.strip())
        if _CUE.search(line):
            found |= {(at + s, at + e) for s, e in _spoken(morphemes(line), line)}
        if short and i >= len(lines) - 15:
            found |= {(at + s, at + e) for s, e in _signature_line(line)}
    for start, end in found:
        yield "name", start, end
        age = re.match(r"[ ]?[((](\d{1,3})(?:歳|才)?[))]", text[end : end + 12])
        if age:
            yield "age", end + age.start(1), end + age.end(1)


def _labelled(text: str) -> Iterator[tuple[int, int]]:
    for match in _LABEL.finditer(text):
        value = re.split(r"[((]| {2,}|(?:です|と申します|でございます)", match.group(1), maxsplit=1)[0].strip(
            " 様"
        )
        if (
            2 <= len(value) <= 24
            and value not in _NOT_NAMES
            and not re.search(r"[\d@<>{}]|[をにがはで]", value)
        ):
            start = text.index(value, match.start(1))
            yield start, start + len(value)


def _english(text: str) -> Iterator[tuple[int, int]]:
    for pattern in (_ENGLISH, _SIGNED):
        for match in pattern.finditer(text):
            yield match.span(1)


def _spoken(found: list[Morpheme], line: str) -> Iterator[tuple[int, int]]:
    """Yield names followed by an honorific, a title, です or と申します."""
    i = 0
    while i < len(found):
        if not _nameish(found[i]):
            i += 1
            continue
        first = i
        while i < len(found) and (
            _nameish(found[i]) or (found[i].surface == " " and i + 1 < len(found) and _nameish(found[i + 1]))
        ):
            i += 1
        run = found[first:i]
        start, end = run[0].start, run[-1].end
        if (
            _is_named(run, found[i : i + 4], line[max(0, start - 24) : start])
            and line[start:end] not in _NOT_NAMES
        ):
            yield start, end


def _is_named(run: list[Morpheme], after: list[Morpheme], before: str) -> bool:
    following = "".join(m.surface for m in after)
    person = any(_is_person(m) for m in run)
    introduced = bool(_AFTER_ORGANISATION.search(before))
    if following.startswith(("と申", "といいま", "と言いま")):
        return True
    if not after or len(run[0].surface) + (len(run) > 1) < 2:
        return False
    if re.search("[一-龥]\\Z", before) and not introduced:
        return False  # the end of a longer word: 税理士さん
    if after[0].surface in _HONORIFICS or following.startswith(tuple(_TITLES)):
        return person or (after[0].surface in ("様", "氏") and _is_place(run[-1]))
    if following.startswith(("です", "でございます")) and _JAPANESE.search(run[0].surface):
        alone = not before.strip() or before.rstrip().endswith(("。", "、", "「", "!", "申します"))
        return (person and (introduced or alone)) or (introduced and _is_place(run[-1]))
    return False


def _signature_line(line: str) -> Iterator[tuple[int, int]]:
    match = _LINE_NAME.search(line)
    if match is None or match.group(1).strip() in _NOT_NAMES:
        return
    start, end = match.span(1)
    value = line[start:end].rstrip()
    found = [m for m in morphemes(value) if m.surface.strip()]
    people = sum(_is_person(m) for m in found)
    whole = line[:start].strip()
    if not found or len(found) > 3 or not all(_nameish(m) or m.pos[0] == "名詞" for m in found):
        return
    spaced = " " in value.strip() and all(len(part) <= 4 for part in value.split())
    after_organisation = not whole or bool(_AFTER_ORGANISATION.search(whole))
    annotated = match.end() > end + 2 and _is_place(found[0]) and len(found) == 2  # 「花山 トメ(78)」
    if (
        (people and (spaced or people == len(found)) and after_organisation)
        or people == len(found) == 2
        or (annotated and spaced and not whole)
    ):
        yield start, start + len(value)


def parts_of(name: str) -> set[str]:
    """Return ``name`` and the parts of it by which a person is called too: family name and given name."""
    parts = {name, *re.split("[ ・]", name)}
    if _JAPANESE.search(name):
        found = morphemes(name)
        if len(found) > 1 and all(_is_person(m) or m.surface in " ・" for m in found):
            parts.update(m.surface for m in found)
    return {part for part in parts if len(part) >= 2 and part not in _NOT_NAMES}


def repeated(text: str, names: Iterable[str]) -> Iterator[Found]:
    """Yield every place in ``text`` where one of ``names``, or a part of one, stands."""
    words = set[str]().union(*map(parts_of, sorted(names)[:_MAX_REPEATED]))
    japanese = [re.escape(n) for n in words if _JAPANESE.search(n)]
    latin = [rf"\b{re.escape(n)}\b" for n in words if not _JAPANESE.search(n) and len(n) >= 3]
    if japanese or latin:
        for match in re.finditer("|".join(sorted(japanese + latin, key=len, reverse=True)), text):
            yield "name", *match.span()


def _is_person(m: Morpheme) -> bool:
    return m.pos[:3] == ("名詞", "固有名詞", "人名")


def _is_place(m: Morpheme) -> bool:
    return m.pos[:3] == ("名詞", "固有名詞", "地名") and len(m.surface) <= 3


def _nameish(m: Morpheme) -> bool:
    return m.pos[:2] == ("名詞", "固有名詞") and (_is_person(m) or _is_place(m))
