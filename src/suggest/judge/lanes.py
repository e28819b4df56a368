"""Chooses the lane: escalate by policy, ready only on strong evidence for every concern, else review."""

from __future__ import annotations

from collections.abc import Sequence

from suggest.judge.messages import DETAIL_QUESTIONS, reason
from suggest.judge.policy import Policy
from suggest.judge.strength import NOTHING, STRONG, WEAK, Strength
from suggest.records import Concern, ConcernJudgement, Evidence, Judgement, Reason, Understanding
from suggest.text import clean, morphemes, tokens_with_surfaces

_USED = 6
"""Entries that a draft may draw on for one concern."""
_VAGUE_TERMS = 6
"""A concern with more terms than this is never called vague."""
_SAYS_NOTHING = frozenset(
    "エラー トラブル 問題 質問 方法 手順 対応 対処 表示 画面 状態 件 場合 今日 昨日 今朝 さっき 最近 急 至急 原因 理由 "
    "error problem issue question help thing today yesterday work".split()
)
"""Nouns that do not tell what an inquiry is about."""

_PROBLEMS = {
    "empty": "empty_inquiry",
    "too_long": "inquiry_too_long",
    "unreadable": "unreadable_inquiry",
}


def judge(
    understanding: Understanding,
    evidence: Sequence[Sequence[Evidence]],
    *,
    policy: Policy,
    strength: Strength,
    provisional: bool,
    max_concerns: int,
) -> Judgement:
    """Judge an inquiry.

    ``evidence[i]`` holds the candidates for ``understanding.concerns[i]``, best first. ``provisional``
    allows ``ready`` before calibration, by fixed cuts. The customer's text can raise the lane through
    the policy and can never lower it. ``strength`` belongs to the embedding model that found the evidence.
    """
    language = understanding.language
    concerns = tuple(
        _concern(concern, found, strength)
        for concern, found in zip(understanding.concerns, evidence, strict=True)
    )
    reasons: list[Reason] = []
    decision = policy.apply(understanding)
    if decision is not None:
        reasons += decision.reasons
    said = {item.evidence for item in reasons}
    blocking = _blocking(understanding, concerns, evidence, strength, max_concerns)
    shown = [item for item in blocking if item.code != "injection" or item.evidence not in said]
    questions: tuple[str, ...] = ()
    if any(r.code == "vague" for r in blocking):
        questions = DETAIL_QUESTIONS[language]
    if decision is not None and decision.action == "escalate":
        return Judgement(
            lane="escalate",
            route=decision.route,
            confidence=None,
            reasons=(*reasons, *(item for item in shown if item.code == "injection")),
            concerns=concerns,
        )
    ready = provisional and not blocking and decision is None
    if ready:
        reasons += [reason("strong_match", language), reason("provisional", language)]
    else:
        reasons += shown
        if not blocking:
            reasons.append(reason("not_calibrated", language))
    return Judgement(
        lane="ready" if ready else "review",
        route=decision.route if decision is not None else None,
        confidence=None,
        reasons=tuple(reasons),
        concerns=concerns,
        questions=questions,
    )


def _concern(concern: Concern, found: Sequence[Evidence], strength: Strength) -> ConcernJudgement:
    strong = [item for item in found if strength(item.match) >= WEAK]
    strong.sort(key=lambda item: -strength(item.match))
    return ConcernJudgement(
        text=concern.text,
        answerable=any(item.entry.visibility == "public" for item in strong),
        confidence=None,
        entry_ids=tuple(item.entry.id for item in strong[:_USED]),
    )


def _blocking(
    understanding: Understanding,
    concerns: Sequence[ConcernJudgement],
    evidence: Sequence[Sequence[Evidence]],
    strength: Strength,
    max_concerns: int,
) -> list[Reason]:
    """Collect everything that keeps the inquiry from being ready."""
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
    for concern, judged, candidates in zip(understanding.concerns, concerns, evidence, strict=True):
        found += _weaknesses(understanding, concern, judged, candidates, strength)
    return list({(r.code, r.evidence): r for r in found}.values())


def _weaknesses(
    understanding: Understanding,
    concern: Concern,
    judged: ConcernJudgement,
    candidates: Sequence[Evidence],
    strength: Strength,
) -> list[Reason]:
    language = understanding.language
    if not candidates:
        return [reason("no_match", language, concern.text)]
    used = [item for item in candidates if item.entry.id in judged.entry_ids]
    best = max(candidates, key=lambda item: strength(item.match))
    if not judged.answerable:
        if used:
            return [reason("internal_only", language, used[0].entry.id)]
        if _is_vague(concern):
            return [reason("vague", language, concern.text)]
        if strength(best.match) < NOTHING:
            return [reason("no_match", language, concern.text)]
        code = "concern_unanswered" if len(understanding.concerns) > 1 else "weak_match"
        return [reason(code, language, concern.text)]
    found = []
    if strength(best.match) < STRONG:
        found.append(reason("weak_match", language, best.entry.id))
    if best.entry.visibility == "internal":
        found.append(reason("internal_only", language, best.entry.id))
    if best.entry.trust == "unreviewed":
        found.append(reason("unreviewed_evidence", language, best.entry.id))
    if best.entry.lang not in (None, language):
        found.append(reason("other_language", language, best.entry.id))
    if _is_vague(concern):
        found.append(reason("vague", language, concern.text))
    return found


def _is_vague(concern: Concern) -> bool:
    """Tell whether a short concern names nothing that it could be about: 「入れません。どうしたらいいですか」."""
    words = {surface for _, surface in tokens_with_surfaces(concern.text)}
    if concern.codes or len(words) > _VAGUE_TERMS:
        return False
    return all(
        m.surface in _SAYS_NOTHING or m.normalized in _SAYS_NOTHING
        for m in morphemes(clean(concern.text).lower())
        if m.pos[0] == "名詞" and m.surface in words and m.surface.isalpha()
    )
