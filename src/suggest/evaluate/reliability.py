"""Do probabilities keep their word, and do they put wrong answers last?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Values = Sequence[float] | Floats
Outcomes = Sequence[bool] | NDArray[np.bool_]


class Bin(NamedTuple):
    """A group of outcomes of similar probability."""

    mean: float
    """Mean probability."""
    right: int
    size: int


class RiskPoint(NamedTuple):
    """What happens when only the surest answers are given."""

    coverage: float
    risk: float
    """Share wrong among those given."""


def auroc(values: Sequence[float], right: Sequence[bool]) -> float | None:
    """Return P(a right one has a higher value than a wrong one), ties counting half; None without both kinds."""
    v, y = _arrays(values, right)
    good, bad = int(y.sum()), int((~y).sum())
    if not good or not bad:
        return None
    _, inverse, counts = np.unique(v, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[y].sum() - good * (good + 1) / 2) / (good * bad))


def risk_coverage(values: Sequence[float], right: Sequence[bool]) -> list[RiskPoint]:
    """Return the risk at every coverage, surest first; equal values are answered together."""
    v, y = _arrays(values, right)
    order = np.argsort(-v, kind="stable")
    wrong = np.cumsum(~y[order])
    sorted_values = v[order]
    return [
        RiskPoint((i + 1) / len(v), float(wrong[i]) / (i + 1))
        for i in range(len(v))
        if i + 1 == len(v) or sorted_values[i + 1] < sorted_values[i]
    ]


def aurc(values: Sequence[float], right: Sequence[bool]) -> float:
    """Return the area under the risk-coverage curve: the mean risk over all coverages; 0 is best.

    Among equal values the order is taken as random: each stands for their mean.
    """
    v, y = _arrays(values, right)
    order = np.argsort(-v, kind="stable")
    errors = (~y[order]).astype(np.float64)
    _, inverse = np.unique(-v[order], return_inverse=True)
    means = np.bincount(inverse, weights=errors) / np.bincount(inverse)
    smooth = means[inverse]
    return float((np.cumsum(smooth) / np.arange(1, len(v) + 1)).mean())


def bins(probabilities: Values, right: Outcomes, *, count: int = 10) -> list[Bin]:
    """Return groups of equal size, lowest probability first; fewer than ``count`` for few outcomes."""
    p, y = _arrays(probabilities, right)
    order = np.argsort(p, kind="stable")
    parts = [part for part in np.array_split(order, min(count, max(1, len(p) // 5))) if len(part)]
    return [Bin(float(p[part].mean()), int(y[part].sum()), len(part)) for part in parts]


def ece(probabilities: Values, right: Outcomes, *, count: int = 10) -> float:
    """Return the expected calibration error over bins of equal size: the mean |share right - probability|."""
    found = bins(probabilities, right, count=count)
    total = sum(item.size for item in found)
    return sum(abs(item.right / item.size - item.mean) * item.size for item in found) / total


def ece_by_chance(probabilities: Sequence[float], *, count: int = 10, draws: int = 200) -> float:
    """Return the mean ECE that outcomes drawn from the probabilities themselves show.

    So much a perfectly calibrated model would measure on so few outcomes.
    """
    p = np.asarray(probabilities, dtype=np.float64)
    rng = np.random.default_rng(0)
    return float(np.mean([ece(p, rng.random(len(p)) < p, count=count) for _ in range(draws)]))


def brier(probabilities: Sequence[float], right: Sequence[bool]) -> float:
    """Return the mean squared difference of probability and outcome."""
    p, y = _arrays(probabilities, right)
    return float(((p - y) ** 2).mean())


def recall_at_false_alarms(
    values: Sequence[float], positive: Sequence[bool], *, false_alarms: float = 0.05
) -> float:
    """Return the share of positives above the value that so large a share of negatives exceeds."""
    v, y = _arrays(values, positive)
    cut = float(np.quantile(v[~y], 1 - false_alarms, method="higher"))
    return float((v[y] > cut).mean())


def wilson(hits: int, total: int, *, z: float = 1.96) -> tuple[float, float]:
    """Return the Wilson interval of a share (95 % by default); (0, 1) without observations."""
    if total == 0:
        return 0.0, 1.0
    share = hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * (share * (1 - share) / total + z * z / (4 * total * total)) ** 0.5 / (1 + z * z / total)
    return max(0.0, middle - half), min(1.0, middle + half)


def _arrays(values: Values, right: Outcomes) -> tuple[Floats, NDArray[np.bool_]]:
    return np.asarray(values, dtype=np.float64), np.asarray(right, dtype=bool)
