"""What another model would change: two runs of the same judged queries, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from suggest.evaluate.retrieval import Ranked, RetrievalReport, summary
from suggest.records import Record

_RESAMPLES = 2_000


class Gain(Record):
    """Mean difference of a metric, after minus before, with its paired 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


class Change(Record):
    """A query whose first answer differs."""

    query_id: str
    text: str
    before: str | None
    """Id of the first entry; None when nothing was found."""
    after: str | None
    verdict: Literal["better", "worse", "neither"]
    """By the judged grades of the two entries."""


class Comparison(Record):
    """Another model's figures against the present one's, on the same queries."""

    model: str
    metrics: RetrievalReport
    gain: dict[str, Gain]
    changed: tuple[Change, ...]


class Run(NamedTuple):
    """The judged queries as one model ranked them."""

    ranked: Sequence[Ranked]
    left_out: int


def compare(model: str, before: Run, after: Run, qrels: Mapping[str, Mapping[str, int]]) -> Comparison:
    """Compare two runs over the same queries in the same order."""
    rng = np.random.default_rng(0)
    number = len(before.ranked)
    picks = rng.integers(0, number, (_RESAMPLES, number))
    gain = {}
    for name in before.ranked[0].metrics:
        each = np.array(
            [b.metrics[name] - a.metrics[name] for a, b in zip(before.ranked, after.ranked, strict=True)]
        )
        low, high = np.quantile(each[picks].mean(axis=1), [0.025, 0.975])
        gain[name] = Gain(
            mean=round(float(each.mean()), 4), low=round(float(low), 4), high=round(float(high), 4)
        )
    changed = [
        _change(a, b, qrels[a.query.id])
        for a, b in zip(before.ranked, after.ranked, strict=True)
        if a.entry_ids[:1] != b.entry_ids[:1]
    ]
    return Comparison(
        model=model, metrics=summary(after.ranked, after.left_out), gain=gain, changed=tuple(changed)
    )


def _change(before: Ranked, after: Ranked, judged: Mapping[str, int]) -> Change:
    first, then = (next(iter(ranked.entry_ids), None) for ranked in (before, after))
    step = judged.get(then or "", 0) - judged.get(first or "", 0)
    return Change(
        query_id=before.query.id,
        text=before.query.text,
        before=first,
        after=then,
        verdict="better" if step > 0 else "worse" if step < 0 else "neither",
    )
