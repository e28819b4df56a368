"""What the body of a structured article says to the very question, beyond its ready-made Point and Reason.

A Point is written for everybody. Whoever asks how long it takes, what it costs or whether it is too late wants the
sentence that says so: 「お手続きには、書類の到着から3～5営業日かかります。」
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from suggest.compose.outline import Listing, Section, Sentence
from suggest.compose.prose import is_generic
from suggest.compose.quoting import Line, depends_on_previous, has_note_mark, quote, without_connective
from suggest.compose.relevance import Relevance, similarity
from suggest.compose.roles import is_request
from suggest.compose.units import Unit, units_of
from suggest.records import Article
from suggest.understand.answer_types import asked, holds

_FIGURES = ("price", "time", "number")
_IS_IT_SO = re.compile(
    r"でき(?:ます|る)(?:か|の)|可能|無理|だめ|ダメ|必要(?:です|でしょう|があり|はあり|は|な)|有無|要り?ますか|間に合|手遅れ|もう遅|too late|\bcan (?:i|we)\b|possible|is there any way",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"まで(?:です|に限)|限り(?:ます|、)|でき(?:ません|なく)|(?<!は)必要(?:です|になります|があります)|対象外|不要です|(?:要り|いり|必要(?:は)?あり)ません|\buntil\b|\bcannot\b|\bonly\b",
    re.IGNORECASE,
)
_WHAT_IT_IS = re.compile(r"[A-Z]{2,}[-A-Z0-9]*\d+は")
"""「MD-3410は、…のエラーです」: whoever names the code has met it."""
_KIND, _BOUND = 0.3, 0.36  # what the right kind of answer, and a limit, weigh beside the share of words
_REMEDY = 0.15  # for whoever is in trouble, that the next sentence says what to do
_THEN = re.compile(r"(?:その|この)(?:場合|とき|際)")
_ENOUGH = 0.35
_SAME = 0.5


def further(
    article: Article,
    sections: Sequence[Section],
    told: int | None,
    questions: Sequence[str],
    said: Sequence[str],
    *,
    room: int,
    in_trouble: bool,
    japanese: bool,
) -> list[Line]:
    """Return the sentence of the body that answers each of ``questions`` best, where one clearly does, in their order.

    ``told`` is the number of the section whose steps are quoted; what stands under a heading that speaks of something
    else is left alone. ``said`` holds what is quoted already.
    """
    lines: list[Line] = []
    taken: list[str] = [*said]
    for question in questions:
        units = units_of(
            tuple(sections),
            Relevance(question, [text for section in sections for text in _texts(section)]),
            japanese,
        )
        fit = [(worth, unit) for unit in units if _fits(unit, sections, told, taken)
               for worth in [_worth(unit, question) + _REMEDY * bool(in_trouble and _what_then(unit, units))]
               if worth >= _ENOUGH]  # fmt: skip
        for _, unit in sorted(fit, key=lambda pair: (-pair[0], pair[1].place))[:1]:
            assert not isinstance(unit.content, Listing)
            if unit.length <= room:
                found = (without_connective(unit.content[0]), *unit.content[1:], *_what_then(unit, units))
                lines.append(quote(article, "body", found))
                room -= unit.length
                taken += unit.texts
    return lines


def _fits(unit: Unit, sections: Sequence[Section], told: int | None, said: Sequence[str]) -> bool:
    heading = sections[unit.section].heading
    return (
        not isinstance(unit.content, Listing)
        and not unit.pointer
        and unit.lead.role in ("conclusion", "note")
        and not _WHAT_IT_IS.match(unit.lead.text)
        and not has_note_mark(unit.lead)
        and not depends_on_previous(unit.lead)
        and (heading is None or unit.section == told or is_generic(heading))
        and not any(similarity(" ".join(unit.texts), line) >= _SAME for line in said)
    )


def _what_then(unit: Unit, units: Sequence[Unit]) -> tuple[Sentence, ...]:
    """Return the sentence after ``unit`` that says what to do then: 「その場合は、手順1からやり直してください。」"""
    following = [u for u in units if u.place == (unit.section, unit.block, unit.position + 1)]
    return tuple(u.lead for u in following if _THEN.match(u.lead.text) and is_request(u.lead.text))


def _worth(unit: Unit, question: str) -> float:
    """Return how much a sentence says to ``question``: its words, and whether it is the kind of answer that is asked for."""
    text = " ".join(unit.texts)
    kinds = [kind for kind in asked(question) if kind in _FIGURES]
    right_kind = any(holds(text, kind) for kind in kinds)
    limits = _IS_IT_SO.search(question) is not None and _LIMIT.search(text) is not None
    return unit.share + _KIND * right_kind + _BOUND * limits


def _texts(section: Section) -> list[str]:
    """Return the sentences and items of a section."""
    found: list[str] = []
    for block in section.blocks:
        found += block.texts if isinstance(block, Listing) else [sentence.text for sentence in block]
    return found
