"""What is known about a concern and an entry that may answer it, as numbers.

Every feature is absolute: it compares the concern with the candidates and with the knowledge base, never
with other inquiries, so nothing that is judged beside an inquiry can move it. A change of a feature's
meaning raises :data:`FEATURES_VERSION`; calibrations of another version are refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from suggest.records import Concern, Entry, Evidence
from suggest.understand.answer_types import asked, holds

FEATURES_VERSION = 1
WEIGHED, WEIGHED_OF_KIND = 10, 3

_LONGEST = 60  # terms; longer concerns count as this long
_OLDEST = 10.0  # years


class Features(NamedTuple):
    """One candidate for one concern. All values lie in -1..1."""

    semantic: float
    """Nearness of concern and entry by vectors, of the whole and of single words, 0..1."""
    lexical: float
    """Saturated BM25, 0..1."""
    coverage: float
    """Share of the concern's terms, weighted by rarity, that the entry holds, 0..1."""
    margin: float
    """Fused score less that of the best candidate with another answer, -1..1."""
    legs_agree: float
    """Share of the two legs, words and meaning, that put this entry first among the candidates: 0, ½, 1."""
    pools_agree: float
    """1 when an article and a resolved case that used it are both among the best three of their pools; else 0."""
    answer_type: float
    """1 when the entry holds the kind of answer that is asked for, 0 when not, ½ when none can be told."""
    unknown: float
    """Share of the concern's terms that no entry of the knowledge base holds, 0..1."""
    length: float
    """Terms of the concern on a logarithmic scale, 0..1."""
    age: float
    """Years since the entry was updated, up to ten, as 0..1; 0 when it does not say."""


RISING = ("semantic", "lexical", "coverage", "margin", "legs_agree", "pools_agree", "answer_type")
"""More of these never lowers confidence."""
FALLING = ("unknown", "age")
"""More of these never raises confidence."""


def considered(found: Sequence[Evidence]) -> list[Evidence]:
    """Return the candidates that are weighed against each other: the first ten, and the first three of each kind.

    However many were asked for, so that asking for more matches changes no confidence.
    """
    seen = {"faq": 0, "case": 0}
    kept = []
    for rank, item in enumerate(found):
        seen[item.entry.kind] += 1
        if rank < WEIGHED or seen[item.entry.kind] <= WEIGHED_OF_KIND:
            kept.append(item)
    return kept


def features_of(
    concern: Concern, candidates: Sequence[Evidence], *, unknown: float, terms: int, today: date
) -> list[Features]:
    """Return the features of each candidate, in the order given.

    ``unknown`` is the share of the concern's terms that no entry holds, ``terms`` their number.
    """
    if not candidates:
        return []
    best_semantic = max(item.match.semantic for item in candidates)
    best_lexical = max(item.match.lexical for item in candidates)
    answers = [answer_of(item.entry) for item in candidates]
    shared = _shared(candidates, answers)
    ahead = margins(candidates)
    kinds = asked(concern.text)
    length = math.log1p(min(terms, _LONGEST)) / math.log1p(_LONGEST)
    found = []
    for item, answer, margin in zip(candidates, answers, ahead, strict=True):
        match = item.match
        agree = (match.semantic >= best_semantic) + (match.lexical >= best_lexical > 0)
        found.append(
            Features(
                semantic=min(1.0, max(0.0, match.semantic)),
                lexical=match.lexical,
                coverage=match.coverage,
                margin=margin,
                legs_agree=agree / 2,
                pools_agree=float(answer in shared),
                answer_type=_holds_answer(item.entry, kinds),
                unknown=unknown,
                length=length,
                age=_age(item.entry, today),
            )
        )
    return found


def margins(candidates: Sequence[Evidence]) -> list[float]:
    """Return for each candidate by how much its fused score is above that of the best one with another answer."""
    answers = [answer_of(item.entry) for item in candidates]
    return [
        item.match.score
        - max(
            (c.match.score for c, other in zip(candidates, answers, strict=True) if other != answer),
            default=0.0,
        )
        for item, answer in zip(candidates, answers, strict=True)
    ]


def answer_of(entry: Entry) -> str:
    """Name the answer that an entry stands for: a case that used an article stands for that article's."""
    return (entry.resolves_with or entry.id) if entry.kind == "case" else entry.id


def _shared(candidates: Sequence[Evidence], answers: Sequence[str]) -> frozenset[str]:
    """Return the answers that the best articles and the best cases have in common."""
    by_kind: dict[str, list[str]] = {"faq": [], "case": []}
    for item, answer in zip(candidates, answers, strict=True):
        by_kind[item.entry.kind].append(answer)
    return frozenset(by_kind["faq"][:3]) & frozenset(by_kind["case"][:3])


def _holds_answer(entry: Entry, kinds: Sequence[str]) -> float:
    if not kinds:
        return 0.5
    text = f"{entry.body}\n{entry.point}" if entry.kind == "faq" else entry.reply
    return sum(holds(text, kind) for kind in kinds[:2]) / len(kinds[:2])


def _age(entry: Entry, today: date) -> float:
    if entry.updated_at is None:
        return 0.0
    years = (today - entry.updated_at.date()).days / 365.25
    return min(_OLDEST, max(0.0, years)) / _OLDEST
