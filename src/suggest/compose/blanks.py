"""What is left to the agent: a marked blank for a question that nothing answers, and the mark on a proposal."""

from __future__ import annotations

import re

from suggest.compose.citing import name_of
from suggest.compose.examples import Detector
from suggest.compose.part import Part
from suggest.compose.quoting import steers
from suggest.compose.usable import Usable
from suggest.compose.wording import Wording
from suggest.records import Article, ResolvedCase, Understanding
from suggest.understand.requests import kind_of

QUOTED = 40
"""Characters of a question that are shown in a note to the agent."""
_NEAR = 2  # entries named beside a blank


def mark_as_proposal(part: Part, wording: Wording) -> None:
    """Mark an answer from weak evidence: it cannot be sent before the agent has seen to it."""
    entry = part.used[0]
    subject = wording.words("blank_subject_weak", "phrases", entry=name_of(entry, wording))
    part.point.insert(0, wording.blank(subject))
    part.notes.append(wording.reason("weak_evidence", entry=entry.id))


def blank_part(
    group: Usable, wording: Wording, personal_data: Detector, understanding: Understanding, *, led: bool
) -> Part:
    """Mark what the agent has to answer, so that the customer is not left without; ``led``: another blank led to it."""
    near: list[Article | ResolvedCase] = [*(group.articles if group.weak else ()), *group.foreign][:_NEAR]
    own = _question_of(group.concern, understanding)
    quoted = re.sub(r"\s+", " ", own).strip().strip("「」")
    quoted = quoted if len(quoted) <= QUOTED else quoted[: QUOTED - 1] + "…"
    steered = any("injection" in signal.code for signal in understanding.signals)
    if steered or not quoted or steers(group.concern) or personal_data(own):
        subject = wording.words("blank_subject_plain", "phrases")
    elif group.named or near:
        names = [*group.named, *(name_of(entry, wording) for entry in near)][:3]
        entries = ("、" if wording.japanese else ", ").join(names)
        subject = wording.words("blank_subject_entry", "phrases", quoted=quoted, entries=entries)
    else:
        subject = wording.words("blank_subject", "phrases", quoted=quoted)
    return Part(
        heading=wording.say("heading_blank", mark="title"),
        point=[*(() if led else wording.say("blank")), wording.blank(subject)],
        consulted=near,
        blank=True,
    )


def _question_of(concern: str, understanding: Understanding) -> str:
    """Return the line of a concern that first asks for something, or says what is wrong, and does not stand in other concerns too."""
    others = [other.text for other in understanding.concerns if other.text != concern]
    shared = {line for text in others for line in text.splitlines()}
    own = [line for line in concern.splitlines() if line.strip() and line not in shared]
    asking = [line for kind in ("ask", "problem") for line in own if kind_of(line) == kind]
    return next(iter([*asking, *reversed(own)]), concern)
