"""Which evidence may be quoted to this customer, and what the agent should know about the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from suggest.compose.wording import Wording
from suggest.records import Article, ConcernJudgement, Evidence, Judgement, Reason, ResolvedCase
from suggest.text import detect_language


@dataclass(slots=True)
class Usable:
    """What may be quoted for one or more concerns that share an article."""

    concern: str
    answerable: bool
    asked: list[str] = field(default_factory=list)
    """The concerns one by one, where several share an article."""
    articles: list[Article] = field(default_factory=list)
    cases: list[ResolvedCase] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    """Entries that the agent should read because they cannot be quoted."""
    foreign: list[Article | ResolvedCase] = field(default_factory=list)
    """Entries in another language than the inquiry's."""
    weak: bool = False
    """Whether the entries are near, but too weak to answer from."""


def sort_out(
    judgement: Judgement,
    evidence: Sequence[Sequence[Evidence]],
    wording: Wording,
    today: date,
    notes: list[Reason],
) -> list[Usable]:
    """Sort out what may be quoted; concerns that lead to the same article become one."""
    groups: list[Usable] = []
    for i, concern in enumerate(judgement.concerns):
        candidates = evidence[i] if i < len(evidence) else ()
        weak = judgement.weak[i] if i < len(judgement.weak) else ()
        entry_ids = weak or concern.entry_ids
        found = _usable(concern, entry_ids, candidates, wording, today, notes)
        found.weak = bool(weak)
        same = next(
            (
                g
                for g in groups
                if g.answerable
                and found.answerable
                and g.articles
                and found.articles
                and g.articles[0].id == found.articles[0].id
            ),
            None,
        )
        if same is None:
            groups.append(found)
            continue
        same.asked += found.asked
        same.concern += "\n" + found.concern
        same.articles += [a for a in found.articles if a not in same.articles]
        same.cases += [c for c in found.cases if c not in same.cases]
    return groups


def _usable(
    concern: ConcernJudgement,
    entry_ids: Sequence[str],
    candidates: Sequence[Evidence],
    wording: Wording,
    today: date,
    notes: list[Reason],
) -> Usable:
    found = Usable(concern.text, concern.answerable, [concern.text])
    by_id = {candidate.entry.id: candidate.entry for candidate in candidates}
    foreign: list[Reason] = []  # worth saying only when nothing in the right language is there
    for entry_id in entry_ids:
        entry = by_id.get(entry_id)
        if entry is None:
            continue
        code = ""
        if entry.visibility != "public":
            code = "internal_evidence"
        elif not entry.valid_on(today):
            code = "expired_evidence"
        elif _language(entry) != wording.language:
            code = "evidence_in_other_language"
        if code:
            kept = foreign if code == "evidence_in_other_language" else notes
            kept.append(wording.reason(code, entry=entry.id))
            if code == "internal_evidence":
                found.named.append(entry.id)
            elif code == "evidence_in_other_language":
                found.foreign.append(entry)
        elif isinstance(entry, ResolvedCase):
            found.cases.append(entry)
        elif entry.trust != "unreviewed":
            found.articles.append(entry)
    if not found.articles and not found.cases:
        notes += foreign
    return found


def _language(entry: Article | ResolvedCase) -> str:
    if entry.lang is not None:
        return entry.lang
    return detect_language(
        (entry.reply if isinstance(entry, ResolvedCase) else entry.title + entry.body)[:500]
    )
