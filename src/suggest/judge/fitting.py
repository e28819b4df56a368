"""Fits weights and links. The only file that imports scikit-learn; nothing here runs while suggesting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.judge.confidence import Link
from suggest.judge.features import FALLING, RISING, Features
from suggest.judge.scoring import ScoreModel

_FEWEST = 10
_ISOTONIC_FROM = 1000
"""With fewer outcomes a line on the log-odds (Platt) is steadier than isotonic steps."""

_SPECIAL = {"length": (0.0, 1.0)}
"""A short question is not held against the answer by much: 「パスワードを忘れました」 says all there is to say."""

Floats = NDArray[np.float64]


def fit_weights(
    features: Sequence[Features],
    answers: Sequence[bool],
    *,
    weights: Sequence[float] | None = None,
    start: ScoreModel | None = None,
    spread: float = 0.5,
) -> tuple[float, dict[str, float]]:
    """Return intercept and weights of a logistic regression whose weights keep their signs.

    With ``start`` the fit is drawn to that model (a normal prior of standard deviation ``spread`` about each of
    its parameters), else weakly to zero. ``weights`` count examples more or less than once.
    """
    from scipy.optimize import minimize

    matrix = np.asarray(features, dtype=np.float64)
    target = np.asarray(answers, dtype=np.float64)
    counts = np.ones(len(target)) if weights is None else np.asarray(weights, dtype=np.float64)
    names = Features._fields
    if start is None:
        centre = np.zeros(len(names) + 1)
        pull = np.array([0.0] + [0.1] * len(names))
    else:
        centre = np.array([start.intercept] + [start.weights[name] for name in names])
        pull = np.full(len(names) + 1, 1 / spread**2)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        odds = parameters[0] + matrix @ parameters[1:]
        error = counts * (1 / (1 + np.exp(-odds)) - target)
        away = parameters - centre
        value = (counts * (np.logaddexp(0, odds) - target * odds)).sum() + 0.5 * (pull * away**2).sum()
        return float(value), np.concatenate([[error.sum()], matrix.T @ error]) + pull * away

    bounds = [(None, None), *(_SPECIAL.get(n, _bounds(n)) for n in names)]
    found: Any = minimize(loss, centre, jac=True, bounds=bounds, method="L-BFGS-B")
    rounded = [round(float(value), 4) + 0.0 for value in found.x]
    return rounded[0], dict(zip(names, rounded[1:], strict=True))


def _bounds(name: str) -> tuple[float | None, float | None]:
    return (0.0 if name in RISING else None, 0.0 if name in FALLING else None)


def fit_link(scores: Sequence[float], answers: Sequence[bool]) -> Link | None:
    """Return the link that calibrates scores, or None for fewer than ten outcomes."""
    x = np.asarray(scores, dtype=np.float64)
    y = np.asarray(answers, dtype=bool)
    if len(y) < _FEWEST:
        return None
    limit = 1 / (len(y) + 2)
    base = Link(limit=limit, slope=0.0, intercept=float(np.log((y.sum() + 0.5) / ((~y).sum() + 0.5))))
    if y.all() or not y.any():
        return base
    if len(y) >= _ISOTONIC_FROM:
        from sklearn.isotonic import IsotonicRegression

        steps = IsotonicRegression(y_min=0.001, y_max=0.999, out_of_bounds="clip").fit(x, y)
        knots: list[tuple[float, float]] = []
        for score, share in zip(steps.X_thresholds_, steps.y_thresholds_, strict=True):
            if not knots or score > knots[-1][0]:
                knots.append((float(score), float(share)))
        return Link(limit=limit, knots=tuple(knots))
    from sklearn.linear_model import LogisticRegression

    line = LogisticRegression(C=10.0).fit(x[:, None], y)
    slope = float(line.coef_[0, 0])
    if slope <= 0:  # the score tells nothing here; the base rate is what is known
        return base
    return Link(limit=limit, slope=slope, intercept=float(line.intercept_[0]))


def held_back(scores: Sequence[float], answers: Sequence[bool], *, parts: int = 5) -> list[float]:
    """Return calibrated probabilities, each by a link that has not seen its own outcome."""
    x, y = np.asarray(scores, dtype=np.float64), np.asarray(answers, dtype=bool)
    part = np.random.default_rng(0).permutation(len(y)) % parts
    found = np.full(len(y), float(y.mean()) if len(y) else 0.0)
    for number in range(parts):
        link = fit_link(x[part != number], y[part != number])
        if link is not None:
            found[part == number] = [link(float(score)) for score in x[part == number]]
    return [float(value) for value in found]
