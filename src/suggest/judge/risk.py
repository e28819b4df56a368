"""The risk dial: the lowest cut whose ready inquiries are wrong at most as often as the user allows.

Learn then test (Angelopoulos, Bates, Candès, Jordan, Lei 2021) with fixed-sequence testing and the exact
binomial p-value. Cuts come from a fixed grid, so for each of them the number wrong among the n that reach it is
binomial. They are tested from the highest down, from the first one that enough labelled inquiries reach, and
testing stops at the first cut that fails; the probability that any accepted cut breaks the target is then at most
1 - certainty. Where testing starts depends on how many reach a cut, not on who is wrong; this costs nothing as
long as a higher score does not mean a higher risk.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from suggest.records import Record

Share = Annotated[float, Field(gt=0, lt=1)]
GRID = tuple(round(8 - 0.1 * step, 1) for step in range(161))
"""Cuts that are tested, in log-odds, highest first. They do not depend on any label."""
_LARGER_SETS = (200, 600)
"""From so many eligible inquiries on, testing starts where one, or two, errors are allowed: with few labels one
needs a clean start, with many a single early error should not end the search. Chosen by simulation."""
_MOST_LABELS = 100_000


class Dial(Record):
    """What the risk dial found."""

    risk: Share
    certainty: Share
    cut: float | None
    """None: no cut keeps the risk with this certainty."""
    labels: int
    eligible: int
    """Labelled inquiries that nothing but their score would keep from being ready."""
    ready: int
    """Of these, how many reach the cut."""
    wrong: int
    """Of those, how many would have been ready and wrong."""
    upper_bound: float | None
    """With this certainty, the risk of the chosen cut alone is at most so much (Clopper-Pearson)."""
    labels_needed: int | None = None
    """Without a cut: so many labels would be needed if errors stay as frequent as seen; None: too frequent."""
    risk_possible: float | None = None
    """Without a cut: the smallest target (in steps of 0.01) that these labels would have allowed."""

    @property
    def ready_share(self) -> float:
        """Share of all labelled inquiries that would be ready."""
        return self.ready / self.labels if self.labels else 0.0


def p_value(wrong: int, among: int, risk: float) -> float:
    """Return P(at most ``wrong`` errors among so many) if the true risk were ``risk``: small speaks for a lower one."""
    from scipy.stats import binom

    return float(binom.cdf(wrong, among, risk)) if among else 1.0


def upper_bound(wrong: int, among: int, certainty: float) -> float:
    """Return the one-sided Clopper-Pearson upper bound of a risk."""
    from scipy.stats import beta

    return float(beta.ppf(certainty, wrong + 1, among - wrong)) if wrong < among else 1.0


def fewest(risk: float, certainty: float) -> int:
    """Return how many inquiries without any error show a risk: 59 for 0.05 with certainty 0.95."""
    return math.ceil(math.log(1 - certainty) / math.log(1 - risk))


def needed(wrong: int, risk: float, certainty: float) -> int:
    """Return among how many inquiries so many wrong ones still show a risk: 59, 93, 124 for 0, 1, 2 and 0.05."""
    among = fewest(risk, certainty)
    while p_value(wrong, among, risk) > 1 - certainty:
        among += 1
    return among


def turn(
    scores: Sequence[float],
    wrong: Sequence[bool],
    *,
    labels: int,
    risk: float,
    certainty: float,
    explain: bool = True,
) -> Dial:
    """Choose the cut from eligible labelled inquiries.

    ``scores`` and ``wrong`` have one value for each eligible inquiry, shape (n,); ``labels`` counts all that
    were labelled. ``explain`` also finds out what would help when no cut keeps the risk.
    """
    values = np.asarray(scores, dtype=np.float64)
    errors = np.asarray(wrong, dtype=bool)
    chosen = _chosen(values, errors, risk, certainty)
    if chosen is None:
        return Dial(
            risk=risk,
            certainty=certainty,
            cut=None,
            labels=labels,
            eligible=len(values),
            ready=0,
            wrong=0,
            upper_bound=None,
            labels_needed=_labels_needed(values, errors, labels, risk, certainty) if explain else None,
            risk_possible=_risk_possible(values, errors, risk, certainty) if explain else None,
        )
    among = values >= chosen
    chosen = round(float(values[among].min()) - 5e-5, 4)  # nothing was seen between the two
    ready, bad = int(among.sum()), int(errors[among].sum())
    return Dial(
        risk=risk,
        certainty=certainty,
        cut=chosen,
        labels=labels,
        eligible=len(values),
        ready=ready,
        wrong=bad,
        upper_bound=round(upper_bound(bad, ready, certainty), 4),
    )


def _chosen(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    errors: np.ndarray[tuple[int], np.dtype[np.bool_]],
    risk: float,
    certainty: float,
) -> float | None:
    allowed = sum(len(values) >= size for size in _LARGER_SETS)
    start = needed(allowed, risk, certainty)
    chosen = None
    for cut in GRID:
        among = values >= cut
        reach = int(among.sum())
        if reach < start:
            continue
        if p_value(int(errors[among].sum()), reach, risk) > 1 - certainty:
            break
        chosen = cut
    return chosen


def _labels_needed(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    errors: np.ndarray[tuple[int], np.dtype[np.bool_]],
    labels: int,
    risk: float,
    certainty: float,
) -> int | None:
    """Return how many labels would do at the most promising cut, if errors stay as frequent as seen there."""
    best: int | None = None
    for cut in GRID:
        among = values >= cut
        reach = int(among.sum())
        if reach < 10:
            continue
        rate = (int(errors[among].sum()) + 0.5) / (reach + 1)
        if rate >= risk:
            continue
        need = fewest(risk, certainty)
        while need < _MOST_LABELS and p_value(math.ceil(rate * need), need, risk) > 1 - certainty:
            need = math.ceil(need * 1.05)
        if need < _MOST_LABELS:
            total = math.ceil(need * labels / reach)
            best = total if best is None else min(best, total)
    return best


def _risk_possible(
    values: np.ndarray[tuple[int], np.dtype[np.float64]],
    errors: np.ndarray[tuple[int], np.dtype[np.bool_]],
    risk: float,
    certainty: float,
) -> float | None:
    for step in range(math.floor(risk * 100) + 1, 51):
        if _chosen(values, errors, step / 100, certainty) is not None:
            return step / 100
    return None
