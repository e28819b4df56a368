"""What is left to the agent: a marked blank for a question that nothing answers, and the mark on a proposal."""

from __future__ import annotations

import re

from suggest.compose.citing import name_of
from suggest.compose.examples import Detector
from suggest.compose.ledger import facts
from suggest.compose.part import Part
from suggest.compose.quoting import Line, steers
from suggest.compose.usable import Usable
from suggest.compose.wording import Wording
from suggest.records import Article, ResolvedCase, Understanding
from suggest.understand.requests import kind_of

_ASIDE = re.compile(r"[(（][^()（）]*[)）]")
_ASKED = re.compile(
    r"(?!どちら|どっち|これ|それ|その|この)[\w「」・々ー、 ]{4,}(?:か|たい|ない|方法|手順|方)|[A-Z][\w' ,]{6,}"
)
"""A question in so few words that it says by itself what it is about."""
_HEADING = 30  # characters of a question that can stand as a heading
QUOTED = 40
"""Characters of a question that are shown in a note to the agent."""
_NEAR = 2  # entries named beside a blank


def mark_as_proposal(part: Part, wording: Wording) -> None:
    """Mark an answer from weak evidence: it cannot be sent before the agent has seen to it."""
    entry = part.used[0]
    subject = wording.words("blank_subject_weak", "phrases", entry=name_of(entry, wording))
    part.point.insert(0, wording.blank(subject))
    part.notes.append(wording.reason("weak_evidence", entry=entry.id))


def heading_of(
    group: Usable, wording: Wording, personal_data: Detector, understanding: Understanding, neutral: str
) -> tuple[Line, ...]:
    """Head a part that has no title of its own with what the customer asks, in short; else with the phrase ``neutral``.

    Words of an angry or hostile inquiry are not repeated.
    """
    asked = _ASIDE.sub("", _quotable_question(group, personal_data, understanding)).rstrip("。.？?！! ")
    if len(asked) > _HEADING and wording.japanese:
        asked = asked.rpartition("、")[2]
    if understanding.signals or len(asked) > _HEADING or not _ASKED.fullmatch(asked) or facts(asked):
        return wording.say(neutral, mark="title")
    return wording.say("heading_asked", mark="title", quoted=asked)


def blank_part(
    group: Usable, wording: Wording, personal_data: Detector, understanding: Understanding, *, led: bool
) -> Part:
    """Mark what the agent has to answer, so that the customer is not left without; ``led``: another blank led to it."""
    near: list[Article | ResolvedCase] = [*(group.articles if group.weak else ()), *group.foreign][:_NEAR]
    quoted = _quotable_question(group, personal_data, understanding)
    quoted = quoted if len(quoted) <= QUOTED else quoted[: QUOTED - 1] + "…"
    if not quoted:
        subject = wording.words("blank_subject_plain", "phrases")
    elif group.named or near:
        names = [*group.named, *(name_of(entry, wording) for entry in near)][:3]
        entries = ("、" if wording.japanese else ", ").join(names)
        subject = wording.words("blank_subject_entry", "phrases", quoted=quoted, entries=entries)
    else:
        subject = wording.words("blank_subject", "phrases", quoted=quoted)
    return Part(
        heading=heading_of(group, wording, personal_data, understanding, "heading_blank"),
        point=[*(() if led else wording.say("blank")), wording.blank(subject)],
        consulted=near,
        blank=True,
    )


def _quotable_question(group: Usable, personal_data: Detector, understanding: Understanding) -> str:
    """Return what a concern asks, on one line; empty where it must not be repeated."""
    own = _question_of(group.concern, understanding)
    steered = any("injection" in signal.code for signal in understanding.signals)
    if steered or steers(group.concern) or personal_data(own):
        return ""
    return re.sub(r"\s+", " ", own).strip().strip("「」")


def _question_of(concern: str, understanding: Understanding) -> str:
    """Return the line of a concern that first asks for something, or says what is wrong, and does not stand in other concerns too."""
    others = [other.text for other in understanding.concerns if other.text != concern]
    shared = {line for text in others for line in text.splitlines()}
    own = [line for line in concern.splitlines() if line.strip() and line not in shared]
    asking = [line for kind in ("ask", "problem") for line in own if kind_of(line) == kind]
    return next(iter([*asking, *reversed(own)]), concern)
