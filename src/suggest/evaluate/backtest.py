"""What a backtest reports: how suggestions made then would have fared on what came after."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from suggest.evaluate import reliability as measures
from suggest.records import Lane, Record

_SHOWN = 10
_CURVE = 60


class Share(Record):
    """A share with its 95 % Wilson interval."""

    hits: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The share; 0 of 0 is 0."""
        return self.hits / self.of if self.of else 0.0


def share(hits: int, of: int) -> Share:
    """Return ``hits`` of ``of`` with its interval."""
    low, high = measures.wilson(hits, of)
    return Share(hits=hits, of=of, low=round(low, 4), high=round(high, 4))


class Answered(Record):
    """One inquiry that came after the split, and what would have been suggested."""

    id: str
    text: str
    month: str
    """``2026-03``."""
    tags: tuple[str, ...]
    lane: Lane
    route: str | None
    confidence: float | None
    right: bool | None
    """Whether the best evidence of every concern answers; None when the case does not say what does."""
    in_five: bool | None
    """Whether one of the first five matches answers."""
    expected: tuple[str, ...]
    found: str
    """The best entry."""
    rules: tuple[str, ...] = ()
    """Reason codes of the policy rules that applied."""


class Group(Record):
    """The inquiries of one tag or month."""

    name: str
    inquiries: int
    lanes: dict[str, int]
    right: Share
    """Best evidence right, of the judged ones."""
    ready_right: Share


class Assumptions(Record):
    """Minutes of agents' time, as assumed: a statement, not a measurement."""

    ready: float = 4.0
    """Saved by a ``ready`` draft that is right."""
    review: float = 1.5
    """Saved by a ``review`` draft with the right evidence."""
    wrong: float = 3.0
    """Lost by a ``ready`` draft that is wrong."""


class BacktestReport(Record):
    """Everything a backtest found."""

    split_at: str
    current_articles: bool
    """Whether articles were taken as they are now, although some were changed after the split."""
    known_entries: int
    left_out_entries: int
    """Entries changed or made at the split or later: nobody knew them then."""
    undated_entries: int
    """Entries without a date, taken as known."""
    before: int
    after: int
    judged: int
    """Of those after: cases that name what answers them."""
    answer_unknown_then: int
    """Of the judged ones: their answer had not been written yet at the split."""
    state: str
    """State of confidence at the split: provisional or calibrated."""
    risk: float
    certainty: float
    cut_found: bool
    hit_at_1: Share
    hit_at_5: Share
    lanes: dict[str, int]
    ready_right: Share
    auroc: float | None
    aurc: float | None
    ece: float | None
    ece_by_chance: float | None
    curve: tuple[tuple[float, float], ...]
    """(coverage, risk), surest first."""
    bins: tuple[tuple[float, int, int], ...]
    """(mean confidence, right, size)."""
    minutes_saved: float
    assumptions: Assumptions
    by_tag: tuple[Group, ...]
    by_month: tuple[Group, ...]
    worst: tuple[Answered, ...]
    """The surest wrong ones."""
    rules: dict[str, dict[str, int]]
    """Reason code of a policy rule → route (or ``review``) → how many inquiries it would have sent there."""
    policy: str
    """Which policy."""


def measures_of(answered: Sequence[Answered], assumptions: Assumptions) -> dict[str, object]:
    """Return the fields of a report that follow from the answered inquiries alone."""
    judged = [item for item in answered if item.right is not None]
    ready = [item for item in judged if item.lane == "ready"]
    rated = [(item.confidence, bool(item.right)) for item in judged if item.confidence is not None]
    p, y = [value for value, _ in rated], [right for _, right in rated]
    curve = [(round(c, 4), round(r, 4)) for c, r in measures.risk_coverage(p, y)] if rated else []
    step = max(1, len(curve) // _CURVE)
    wrong = sorted((i for i in judged if not i.right and i.confidence is not None), key=_confidence)
    saved = sum(
        (assumptions.ready if item.right else -assumptions.wrong)
        if item.lane == "ready"
        else (assumptions.review if item.lane == "review" and item.right else 0.0)
        for item in judged
    )
    rank = measures.auroc(p, y) if rated else None
    return {
        "after": len(answered),
        "judged": len(judged),
        "hit_at_1": share(sum(bool(i.right) for i in judged), len(judged)),
        "hit_at_5": share(sum(bool(i.in_five) for i in judged), len(judged)),
        "lanes": _lanes(answered),
        "ready_right": share(sum(bool(i.right) for i in ready), len(ready)),
        "auroc": None if rank is None else round(rank, 4),
        "aurc": round(measures.aurc(p, y), 4) if rated else None,
        "ece": round(measures.ece(p, y), 4) if rated else None,
        "ece_by_chance": round(measures.ece_by_chance(p), 4) if rated else None,
        "curve": tuple(curve[::step] + curve[-1:]) if curve else (),
        "bins": tuple((round(b.mean, 4), b.right, b.size) for b in measures.bins(p, y)) if rated else (),
        "minutes_saved": round(saved, 1),
        "assumptions": assumptions,
        "by_tag": groups(answered, lambda item: item.tags or ("(no tag)",)),
        "by_month": groups(answered, lambda item: (item.month,)),
        "worst": tuple(wrong[-1 : -_SHOWN - 1 : -1]),
    }


def groups(answered: Sequence[Answered], names: Callable[[Answered], Sequence[str]]) -> tuple[Group, ...]:
    """Return one group for each name, in the order of names; an inquiry with several tags counts in each."""
    found: dict[str, list[Answered]] = {}
    for item in answered:
        for name in names(item):
            found.setdefault(name, []).append(item)
    result = []
    for name in sorted(found):
        items = found[name]
        judged = [item for item in items if item.right is not None]
        ready = [item for item in judged if item.lane == "ready"]
        result.append(
            Group(
                name=name,
                inquiries=len(items),
                lanes=_lanes(items),
                right=share(sum(bool(i.right) for i in judged), len(judged)),
                ready_right=share(sum(bool(i.right) for i in ready), len(ready)),
            )
        )
    return tuple(result)


def _confidence(item: Answered) -> float:
    return item.confidence or 0.0


def _lanes(answered: Sequence[Answered]) -> dict[str, int]:
    return {lane: sum(item.lane == lane for item in answered) for lane in ("ready", "review", "escalate")}
