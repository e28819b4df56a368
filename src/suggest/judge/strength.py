"""How strong the evidence for one concern is, from absolute features.

Every feature compares the concern with one entry alone, so other entries and other inquiries never
move it. The weights are a logistic fit of "the best entry answers", for each bundled profile, on the tuning
half of the labelled development inquiries and the sample inquiries (136 single, vague and out-of-scope
ones; AUROC 0.82 fast, 0.81 balanced, on the same set). That is too little and too foreign to a team's own
data to be called a probability, so the strength never leaves this package: confidence stays ``None`` until
a calibration exists.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from suggest.records import Match

WEAK = 0.3
"""Below this, the best entry is not taken for an answer (on the set above, fast / balanced: 81 / 85 % of
out-of-scope inquiries and 29 / 17 % of the single ones lie below)."""

NOTHING = 0.15
"""Below this, nothing is near at all."""

STRONG = 0.6
"""From this on, provisional mode may call a concern ready (on the set above: 22 / 29 inquiries, in
15 / 21 of them the best entry answers)."""


class Strength(NamedTuple):
    """Turns the features of a match into its strength as an answer, 0..1."""

    intercept: float
    semantic: float
    lexical: float
    coverage: float

    def __call__(self, match: Match) -> float:
        """Return the strength of ``match``."""
        cosine = max(0.0, match.semantic)
        sum_ = self.semantic * cosine + self.lexical * match.lexical + self.coverage * match.coverage
        return 1 / (1 + math.exp(-self.intercept - sum_))


_STATIC = Strength(intercept=-6.3, semantic=3.4, lexical=7.1, coverage=1.1)
_BY_MODEL = {"suggest-balanced-ja-en": Strength(intercept=-6.1, semantic=4.9, lexical=5.6, coverage=0.0)}


def strength_for(model: str) -> Strength:
    """Return the fit for an embedding model by name; models without one share that of the static model."""
    return _BY_MODEL.get(model, _STATIC)
