"""Chooses the lane: escalate by policy, ready only when every concern scores above the cut, else review."""

from __future__ import annotations

import math
from collections.abc import Sequence

from suggest.judge.confidence import Confidence
from suggest.judge.messages import reason
from suggest.judge.policy import Policy
from suggest.judge.questions import is_vague, leaves_open, questions_for, says_too_little
from suggest.judge.topic import holds_code, linked
from suggest.records import Concern, ConcernJudgement, Entry, Evidence, Judgement, Reason, Understanding
from suggest.text import Language

_USED = 6
"""Entries that a draft may draw on for one concern."""
_WEAK = 3
"""Entries that a proposal from weak evidence may draw on."""
_PROBLEMS = {
    "empty": "empty_inquiry",
    "too_long": "inquiry_too_long",
    "unreadable": "unreadable_inquiry",
}


def judge(
    understanding: Understanding,
    evidence: Sequence[Sequence[Evidence]],
    scores: Sequence[Sequence[float]],
    *,
    policy: Policy,
    confidence: Confidence,
    max_concerns: int,
) -> Judgement:
    """Judge an inquiry.

    ``evidence[i]`` holds the candidates for ``understanding.concerns[i]``, best first, and ``scores[i]`` their
    scores by ``confidence``. The customer's text can raise the lane through the policy and can never lower it.
    """
    language = understanding.language
    judged = tuple(
        _concern(concern, found, rated, confidence)
        for concern, found, rated in zip(understanding.concerns, evidence, scores, strict=True)
    )
    probability = _together([concern.confidence for concern in judged])
    decision = policy.apply(understanding, _used_entries(judged, evidence))
    reasons: list[Reason] = list(decision.reasons) if decision is not None else []
    said = {item.evidence for item in reasons}
    blocking = _blocking(understanding, judged, evidence, scores, confidence, max_concerns)
    shown = [item for item in blocking if item.code != "injection" or item.evidence not in said]
    weakest = min((max(rated, default=-math.inf) for rated in scores), default=-math.inf)
    if decision is not None and decision.action == "escalate":
        return Judgement(
            lane="escalate",
            route=decision.route,
            confidence=None,
            reasons=(*reasons, *(item for item in shown if item.code == "injection")),
            concerns=judged,
            score=weakest,
        )
    questions: tuple[str, ...] = ()
    if any(item.code == "vague" for item in blocking) or says_too_little(understanding, judged):
        questions = questions_for(understanding, evidence, scores)
    unclear = {item.evidence for item in blocking if item.code == "vague"}
    propose = understanding.problem is None and all(item.code != "injection" for item in blocking)
    weak = [
        _weak(concern, candidates, rated, confidence.scoring.nothing)
        if propose and concern.text not in unclear
        else ()
        for concern, candidates, rated in zip(judged, evidence, scores, strict=True)
    ]
    free = not blocking and decision is None
    ready_from = confidence.ready_from
    ready = free and ready_from is not None and weakest >= ready_from
    if ready:
        reasons.append(reason("strong_match", language))
        if confidence.state != "calibrated":
            reasons.append(reason("provisional", language))
    else:
        reasons += shown
        if confidence.state == "stale":
            reasons.append(reason("calibration_stale", language))
        elif free:
            reasons += _short_of(judged, scores, confidence, language)
    return Judgement(
        lane="ready" if ready else "review",
        route=decision.route if decision is not None else None,
        confidence=probability,
        reasons=tuple(reasons),
        concerns=judged,
        weak=tuple(weak),
        questions=questions,
        score=weakest,
        free=free,
    )


def _concern(
    concern: Concern, candidates: Sequence[Evidence], scores: Sequence[float], confidence: Confidence
) -> ConcernJudgement:
    cuts = confidence.scoring
    near = [
        item
        for item, score in _ranked(candidates, scores)
        if score >= cuts.weak or (score >= cuts.nothing and holds_code(concern, item.entry))
    ]
    alone = confidence.alone(candidates, scores)
    second = [
        item
        for item, score, by_itself in zip(candidates, scores, alone, strict=True)
        if item.entry.kind == "faq" and score >= cuts.nothing and by_itself >= cuts.weak
    ]
    further = _further(near, candidates, second) if near else []
    return ConcernJudgement(
        text=concern.text,
        answerable=any(item.entry.visibility == "public" for item in near),
        confidence=confidence.probability(max(scores, default=-math.inf)),
        entry_ids=tuple(item.entry.id for item in (*near, *further))[:_USED],
    )


def _weak(
    concern: ConcernJudgement, candidates: Sequence[Evidence], scores: Sequence[float], nothing: float
) -> tuple[str, ...]:
    """Return, for a concern without near entries, the best of those that score ``nothing`` or more."""
    if concern.entry_ids:
        return ()
    ranked = _ranked(candidates, scores)
    near = [item.entry.id for item, score in ranked if score >= nothing and item.entry.visibility == "public"]
    return tuple(near[:_WEAK])


def _ranked(candidates: Sequence[Evidence], scores: Sequence[float]) -> list[tuple[Evidence, float]]:
    return sorted(zip(candidates, scores, strict=True), key=lambda pair: -pair[1])


def _further(
    near: Sequence[Evidence], candidates: Sequence[Evidence], second: Sequence[Evidence]
) -> list[Evidence]:
    """Return the articles that ``near`` cases were answered with, and those that only another answer keeps back."""
    found = [item for case in near if (item := linked(case.entry, candidates)) is not None]
    found += second
    return [item for i, item in enumerate(found) if item not in near and item not in found[:i]]


def _together(found: Sequence[float | None]) -> float | None:
    """Return P(every concern is answered), taking the concerns as independent; None when one is not known."""
    known = [value for value in found if value is not None]
    return round(math.prod(known), 4) if known and len(known) == len(found) else None


def _used_entries(
    judged: Sequence[ConcernJudgement], evidence: Sequence[Sequence[Evidence]]
) -> tuple[Entry, ...]:
    """Return the best entry of each concern that has one near enough."""
    found = []
    for concern, candidates in zip(judged, evidence, strict=True):
        found += [item.entry for item in candidates if concern.entry_ids[:1] == (item.entry.id,)]
    return tuple(found)


def _short_of(
    judged: Sequence[ConcernJudgement],
    scores: Sequence[Sequence[float]],
    confidence: Confidence,
    language: Language,
) -> list[Reason]:
    """Say why an inquiry that nothing else keeps from being ready is not: weak evidence first, then the lack of a cut."""
    calibrated = confidence.state == "calibrated"
    if calibrated and confidence.ready_from is None:
        return [reason("no_safe_cut", language)]
    enough = confidence.scoring.strong if confidence.ready_from is None else confidence.ready_from
    found = [
        reason(
            "below_cut" if calibrated else "weak_match",
            language,
            concern.entry_ids[0] if concern.entry_ids else concern.text,
        )
        for concern, rated in zip(judged, scores, strict=True)
        if max(rated, default=-math.inf) < enough
    ]
    return found if confidence.ready_from is not None else [*found, reason("not_calibrated", language)]


def _blocking(
    understanding: Understanding,
    concerns: Sequence[ConcernJudgement],
    evidence: Sequence[Sequence[Evidence]],
    scores: Sequence[Sequence[float]],
    confidence: Confidence,
    max_concerns: int,
) -> list[Reason]:
    """Collect everything but the cut that keeps the inquiry from being ready."""
    language = understanding.language
    found = [
        reason("injection", language, signal.evidence)
        for signal in understanding.signals
        if signal.code == "injection"
    ]
    if understanding.problem is not None:
        found.append(reason(_PROBLEMS[understanding.problem], language))
    elif not concerns:
        found.append(reason("no_question", language))
    if len(concerns) > max_concerns:
        found.append(reason("too_many_concerns", language, str(len(concerns))))
    for concern, judged, candidates, rated in zip(
        understanding.concerns, concerns, evidence, scores, strict=True
    ):
        found += _weaknesses(understanding, concern, judged, candidates, rated, confidence)
    return list({(r.code, r.evidence): r for r in found}.values())


def _weaknesses(
    understanding: Understanding,
    concern: Concern,
    judged: ConcernJudgement,
    candidates: Sequence[Evidence],
    rated: Sequence[float],
    confidence: Confidence,
) -> list[Reason]:
    language = understanding.language
    if not candidates:
        return [reason("no_match", language, concern.text)]
    top = max(rated)
    best = candidates[list(rated).index(top)].entry
    if not judged.answerable:
        if judged.entry_ids:
            return [reason("internal_only", language, judged.entry_ids[0])]
        if is_vague(concern) or leaves_open(concern, candidates, rated):
            return [reason("vague", language, concern.text)]
        if top < confidence.scoring.nothing:
            return [reason("no_match", language, concern.text)]
        code = "concern_unanswered" if len(understanding.concerns) > 1 else "weak_match"
        return [reason(code, language, concern.text)]
    found = []
    if best.visibility == "internal":
        found.append(reason("internal_only", language, best.id))
    if best.trust == "unreviewed":
        found.append(reason("unreviewed_evidence", language, best.id))
    if best.lang not in (None, language):
        found.append(reason("other_language", language, best.id))
    if is_vague(concern) or leaves_open(concern, candidates, rated):
        found.append(reason("vague", language, concern.text))
    return found
