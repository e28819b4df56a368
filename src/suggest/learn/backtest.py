"""Plays the past again: index what was known before a day, answer what came after.

Nothing from the day on or later is indexed, and confidence is calibrated on cases from before it, each asked
without itself. So the figures are what a team would have seen had it switched the product on that day.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from suggest.errors import EvaluationError
from suggest.evaluate.backtest import Answered, Assumptions, BacktestReport, measures_of
from suggest.index.knowledge_base import KnowledgeBase
from suggest.judge import Policy
from suggest.learn.calibrate import CERTAINTY, RISK, calibrate
from suggest.learn.outcomes import LabelledInquiry
from suggest.pipeline import Suggester
from suggest.records import Entry, Inquiry, ResolvedCase
from suggest.understand import mask

Progress = Callable[[str, int, int | None], None]
_TRAINED_SHARE = 0.7
_LOOKED_AT = 2_000  # characters that are masked before the beginning is cut off
_SHOWN_TEXT = 200


class _Past(NamedTuple):
    """What was known at the split, and what came after."""

    known: list[Entry]
    left_out: int
    undated: int
    before: list[ResolvedCase]
    after: list[ResolvedCase]


def backtest(
    kb: KnowledgeBase,
    cases: Sequence[ResolvedCase],
    *,
    at: date | None = None,
    current_articles: bool = False,
    policy: Policy | None = None,
    policy_name: str = "",
    risk: float = RISK,
    certainty: float = CERTAINTY,
    assumptions: Assumptions | None = None,
    on_progress: Progress | None = None,
) -> BacktestReport:
    """Backtest ``kb`` on resolved cases that say when they came (``updated_at``).

    ``at`` is the day of the split; by default 70 % of the cases came before it. ``current_articles`` takes
    articles as they are now, although some were changed later, perhaps by what the cases taught. The knowledge base itself is
    only read. Raises EvaluationError when a side of the split is empty or cases have no date.
    """
    show = on_progress or (lambda *_: None)
    day = at or _day_of_split(cases)
    past = _split(list(kb.entries()), cases, day, current_articles=current_articles)
    if not past.after or not past.known:
        raise EvaluationError(
            f"the split at {day} leaves {len(past.known)} known entries and {len(past.after)} cases after it; "
            "both are needed: give another day with --at"
        )
    with tempfile.TemporaryDirectory(prefix="suggest-backtest-") as work:
        then = KnowledgeBase.open(Path(work) / "kb", settings=kb.settings, embedder=kb.embedder)
        then.sync(past.known, on_progress=show)
        labels = [_label(case, then.entry_ids()) for case in past.before if case.resolves_with]
        calibration = calibrate(then, labels, risk=risk, certainty=certainty, today=day, on_progress=show)
        suggester = Suggester(then, policy=policy, today=day)
        answered = []
        for number, case in enumerate(past.after, 1):
            answered.append(_answer(suggester, case))
            show("answering", number, len(past.after))
        ids = then.entry_ids()
        then.close()
    values: dict[str, Any] = measures_of(answered, assumptions or Assumptions())
    return BacktestReport(
        split_at=day.isoformat(),
        current_articles=current_articles,
        known_entries=len(past.known),
        left_out_entries=past.left_out,
        undated_entries=past.undated,
        before=len(past.before),
        answer_unknown_then=sum(bool(c.resolves_with) and c.resolves_with not in ids for c in past.after),
        state=calibration.state,
        risk=risk,
        certainty=certainty,
        cut_found=calibration.cut is not None,
        rules=_rules(suggester.policy, answered),
        policy=policy_name or "the knowledge base's own",
        **values,
    )


def read_cases(entries: Iterable[Entry]) -> list[ResolvedCase]:
    """Return the resolved cases among ``entries``; articles beside them are skipped."""
    cases = [entry for entry in entries if isinstance(entry, ResolvedCase)]
    if not cases:
        raise EvaluationError("the file holds no resolved case; expected entries with kind 'case'")
    return cases


def _day_of_split(cases: Sequence[ResolvedCase]) -> date:
    days = sorted(_day(case) for case in cases)
    return days[min(len(days) - 1, int(len(days) * _TRAINED_SHARE))]


def _day(case: ResolvedCase) -> date:
    if case.updated_at is None:
        raise EvaluationError(
            f"case {case.id!r} has no updated_at; a backtest needs to know when each case was resolved"
        )
    return case.updated_at.date()


def _split(
    held: Sequence[Entry], cases: Sequence[ResolvedCase], day: date, *, current_articles: bool
) -> _Past:
    """Sort entries and cases into what was known before ``day`` and what was not."""
    given = {case.id: case for case in cases}
    before = [case for case in cases if _day(case) < day]
    after = sorted((case for case in cases if _day(case) >= day), key=lambda case: (_day(case), case.id))
    asked = {"".join(case.inquiry.split()) for case in after}
    known: list[Entry] = list(before)
    left_out = undated = 0
    for entry in held:
        if entry.id in given:
            continue
        if current_articles and entry.kind == "faq":
            known.append(entry)
            continue
        copies = isinstance(entry, ResolvedCase) and "".join(entry.inquiry.split()) in asked
        started = entry.valid_from
        changed = entry.updated_at.date() if entry.updated_at else None
        if copies or (started and started >= day) or (changed and changed >= day):
            left_out += 1
            continue
        undated += changed is None and started is None
        known.append(entry)
    return _Past(known, left_out, undated, before, after)


def _label(case: ResolvedCase, ids: set[str]) -> LabelledInquiry:
    answer = case.resolves_with or ""
    expected = {answer: 2} if answer in ids else {}
    return LabelledInquiry(inquiry=_inquiry(case), expected_entries=expected)


def _inquiry(case: ResolvedCase) -> Inquiry:
    return Inquiry(id=case.id, text=case.inquiry, tenant=case.tenant, received_at=case.updated_at)


def _answer(suggester: Suggester, case: ResolvedCase) -> Answered:
    examined = suggester.examine(_inquiry(case))
    suggestion = examined.suggestion
    answer = case.resolves_with
    right = in_five = None
    if answer:
        right = bool(examined.best) and all(
            best is not None and answer in (best.entry_id, best.answer) for best in examined.best
        )
        in_five = answer in {match.entry_id for match in suggestion.matches[:5]} or right
    applied = suggester.policy.apply(suggester.understand(_inquiry(case)))
    return Answered(
        id=case.id,
        text=_shown(case.inquiry),
        month=(case.updated_at or datetime.now(UTC)).strftime("%Y-%m"),
        tags=case.tags,
        lane=suggestion.lane,
        route=suggestion.route,
        confidence=suggestion.confidence,
        right=right,
        in_five=in_five,
        expected=(answer,) if answer else (),
        found=next((best.entry_id for best in examined.best if best is not None), ""),
        rules=tuple(reason.code for reason in applied.reasons) if applied else (),
    )


def _shown(text: str) -> str:
    """Return the beginning of a customer's text with personal data masked."""
    return mask(" ".join(text.split())[:_LOOKED_AT], strict=True).text[:_SHOWN_TEXT]


def _rules(policy: Policy, answered: Sequence[Answered]) -> dict[str, dict[str, int]]:
    """Count for every rule how many inquiries it applied to, by where it sends them."""
    found: dict[str, dict[str, int]] = {}
    for rule in policy.rule:
        count = sum(rule.reason in item.rules for item in answered)
        found.setdefault(rule.reason, {})[rule.route or "review"] = count
    return found
