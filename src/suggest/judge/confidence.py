"""From scores to probabilities and to a cut: what is known about how often the score is right.

Four states. ``none``: nothing was learnt on this knowledge base; confidence is None. ``provisional``: learnt
without labels. ``calibrated``: on labelled outcomes, with a cut that holds the promised risk, if there is one.
``stale``: calibrated on another generation; confidence is None and nothing is ready.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

from pydantic import model_validator

from suggest.judge.features import features_of, margins
from suggest.judge.scoring import ScoreModel, odds_to_share
from suggest.records import Concern, Evidence, Record
from suggest.text import tokens

State = Literal["none", "provisional", "calibrated", "stale"]


class Link(Record):
    """Turns scores into probabilities, never downward: a line on the log-odds, or steps between knots."""

    slope: float = 1.0
    intercept: float = 0.0
    limit: float = 0.001
    """No probability is nearer to 0 or 1 than this: fewer outcomes allow less certainty."""
    knots: tuple[tuple[float, float], ...] = ()
    """(score, probability), both ascending; when given, they are used instead of the line."""

    @model_validator(mode="after")
    def _rises(self) -> Link:
        pairs = zip(self.knots, self.knots[1:], strict=False)
        if self.slope < 0 or any(a[0] >= b[0] or a[1] > b[1] for a, b in pairs):
            raise ValueError("a higher score must never mean a lower probability")
        return self

    def __call__(self, score: float) -> float:
        """Return the probability for a score."""
        return min(1 - self.limit, max(self.limit, self._unlimited(score)))

    def _unlimited(self, score: float) -> float:
        if not self.knots:
            return odds_to_share(self.slope * score + self.intercept)
        if score <= self.knots[0][0]:
            return self.knots[0][1]
        if score >= self.knots[-1][0]:
            return self.knots[-1][1]
        i = bisect_right([x for x, _ in self.knots], score)
        (x0, y0), (x1, y1) = self.knots[i - 1], self.knots[i]
        return y0 + (y1 - y0) * (score - x0) / (x1 - x0)


class Confidence(NamedTuple):
    """What judging works with."""

    scoring: ScoreModel
    state: State = "none"
    link: Link | None = None
    cut: float | None = None
    """Calibrated: inquiries whose weakest concern scores so high may be ready. None: no cut keeps the risk."""
    provisional_ready: bool = False
    """Whether ``ready`` is allowed by the prior's fixed cut while there is no calibration on labels."""

    def scores(
        self, concern: Concern, candidates: Sequence[Evidence], *, unknown: float, today: date
    ) -> tuple[float, ...]:
        """Return the score of every candidate for ``concern``; ``unknown`` is its share of unknown terms."""
        terms = len(set(tokens(concern.text)))
        described = features_of(concern, candidates, unknown=unknown, terms=terms, today=today)
        return tuple(self.scoring.score(features) for features in described)

    def alone(self, candidates: Sequence[Evidence], scores: Sequence[float]) -> list[float]:
        """Return the ``scores`` as they would be if no other answer lay ahead.

        An inquiry may ask for two things, and the article on the second is no rival of the one on the first.
        """
        weight = self.scoring.weights["margin"]
        return [s - weight * min(0.0, m) for s, m in zip(scores, margins(candidates), strict=True)]

    def probability(self, score: float) -> float | None:
        """Return P(the entry answers the concern), or None while there is no basis for one."""
        if self.link is None or self.state in ("none", "stale"):
            return None
        return round(self.link(score), 4)

    @property
    def ready_from(self) -> float | None:
        """The score from which a concern may be ready, or None when nothing may."""
        if self.state == "calibrated":
            return self.cut
        return self.scoring.strong if self.provisional_ready else None
