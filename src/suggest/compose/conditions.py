"""For whom a sentence is that begins with a condition: 「カレンダー連携をお使いの場合は、…」."""

from __future__ import annotations

import re
from collections.abc import Sequence

from suggest.compose.outline import Listing
from suggest.compose.quoting import depends_on_previous, has_note_mark
from suggest.compose.relevance import Relevance, terms
from suggest.compose.roles import is_request
from suggest.compose.units import Unit

_CONDITION = re.compile(
    r"(?:(?:なお|また|反対に|一方)、)?([^、。]{2,40}?)(?:場合|とき|際)(?:に)?[はも]、|(?:if|when) ([^,.]{4,80}),",
    re.IGNORECASE,
)
_ANYBODY = re.compile(r"急|解決|改善|不明|うまく|お困り|必要|keeps?\b|still|persist|need", re.IGNORECASE)
"""「お急ぎの場合は」, 「解決しない場合は」: that may be everybody."""
_WRONG = re.compile(
    r"(?:ない|ません|ている|た|エラー|問題)(?:が(?:ある|発生する))?$|\b(?:not|n't|error|wrong)\b"
)
"""「表示されない場合は」: whoever is in trouble may be in that one."""
_CLAUSE = re.compile(r"[。、,.!?\n]")
_DONE = re.compile(r"済(?:み|ませ|んで)|て(?:あり|あっ|おり|います)|ました|完了し|終え|終わっ|\balready\b")
"""The customer has done it: 「退職の手続きは御社の画面で済ませてあり」."""
_TO_DO = frozenset({"行う", "実施", "実行", "願う"})
_NEAR = 0.3  # a cosine from which a condition is the customer's
_LITTLE = 0.25  # of the share of the sentence that says most about the concern
_NOT_NEAR = 0.2  # a cosine below which somebody without trouble is not in that one
_FAR = 0.15  # a cosine below which a condition has nothing to do with a concern


def speaks_of_the_case(text: str, questions: Sequence[str], *, beside: str) -> bool:
    """Tell whether ``text`` begins with a condition that the customer is in: 「工事の予定がある場合は、…」.

    Words that the Point ``beside`` it has as well do not tell the case from others.
    """
    meant = terms(_condition(text))
    named = meant & frozenset(term for question in questions for term in terms(question))
    return bool(meant) and len(named) * 2 >= len(meant) and not named <= terms(beside)


def without_other_cases(kept: Sequence[Unit], relevance: Relevance, *, in_trouble: bool) -> list[Unit]:
    """Drop the paragraphs that begin with a condition which has nothing to do with the concern.

    The first paragraph of a section stays, and the one that says most about the concern.
    """
    main = max(kept, key=lambda unit: unit.share).paragraph if kept else None
    others = {
        unit.paragraph
        for unit in kept
        if unit.block > 0
        and unit.paragraph != main
        and _is_first(unit, kept)
        and _for_others(unit, relevance, in_trouble=in_trouble)
    }
    return [unit for unit in kept if unit.paragraph not in others]


def without_what_is_done(kept: Sequence[Unit], concern: str) -> list[Unit]:
    """Drop the short requests to do what the customer says is done already, where the paragraph goes on without them."""
    done = [terms(clause) for clause in _CLAUSE.split(concern) if _DONE.search(clause)]
    if not done:
        return list(kept)

    def is_done(unit: Unit) -> bool:
        asked = terms(unit.lead.text) - _TO_DO
        return (
            not isinstance(unit.content, Listing)
            and len(unit.content) == 1
            and is_request(unit.lead.text)
            and any(2 * len(asked & clause) >= len(asked) > 0 for clause in done)
            and any(
                other.place == (unit.section, unit.block, unit.position + 1)
                and not depends_on_previous(other.lead)
                for other in kept
            )
        )

    return [unit for unit in kept if not is_done(unit)]


def own_trouble(units: Sequence[Unit], relevance: Relevance) -> tuple[int, int] | None:
    """Return the place of the paragraph that begins with the trouble which the concern tells of: "If the email does not arrive, …"."""
    best = max((unit.share for unit in units), default=0.0)
    for unit in units:
        condition = "" if isinstance(unit.content, Listing) else _condition(unit.lead.text)
        if (
            unit.share >= _LITTLE * best
            and _WRONG.search(condition)
            and _is_first(unit, units)
            and relevance.nearness(condition) >= _NEAR
        ):
            return unit.paragraph
    return None


def _is_first(unit: Unit, kept: Sequence[Unit]) -> bool:
    return not any(other.paragraph == unit.paragraph and other.place < unit.place for other in kept)


def _for_others(unit: Unit, relevance: Relevance, *, in_trouble: bool) -> bool:
    if isinstance(unit.content, Listing) or unit.bullet or has_note_mark(unit.lead):
        return False
    condition = _condition(unit.lead.text)
    wrong = _WRONG.search(condition) is not None
    if not condition or _ANYBODY.search(condition) or (in_trouble and wrong):
        return False
    if wrong and relevance.nearness(condition) < _NOT_NEAR:
        return True
    return not terms(condition) & terms(relevance.concern) and relevance.nearness(condition) < _FAR


def _condition(text: str) -> str:
    found = _CONDITION.match(text)
    return (found.group(1) or found.group(2)) if found else ""
