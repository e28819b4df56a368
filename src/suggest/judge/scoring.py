"""How well an entry answers a concern: a weighted sum of features, on the scale of log-odds.

The weights of the prior come with the package (``priors/<embedding model>.json``, made by
``training/judge/fit.py``); those of a knowledge base are fitted from there. The signs are held: more of what
speaks for an answer never lowers the score.
"""

from __future__ import annotations

import json
import math
from functools import lru_cache
from importlib.resources import files
from typing import Any

from pydantic import Field, model_validator

from suggest.judge.features import FALLING, FEATURES_VERSION, RISING, Features
from suggest.records import Record

_FALLBACK = "suggest-static-ja-en"


class ScoreModel(Record):
    """Weights and the three cuts that go with them."""

    features_version: int = FEATURES_VERSION
    model: str
    """Name of the embedding model whose cosines the weights were fitted on."""
    intercept: float
    weights: dict[str, float]
    """One for every feature."""
    nothing: float
    """Below this score nothing is near at all."""
    weak: float
    """Below this score an entry is not taken for an answer."""
    strong: float
    """From this score on, provisional mode may call a concern ready."""
    fitted_on: dict[str, Any] = Field(default_factory=dict)
    """What the weights were fitted on, and how well that went; for people."""

    @model_validator(mode="after")
    def _holds_signs(self) -> ScoreModel:
        if self.features_version != FEATURES_VERSION or set(self.weights) != set(Features._fields):
            raise ValueError(
                f"features of version {self.features_version}, expected version {FEATURES_VERSION}: {', '.join(Features._fields)}"
            )
        if any(self.weights[name] < 0 for name in RISING) or any(self.weights[name] > 0 for name in FALLING):
            raise ValueError("a weight has the wrong sign; evidence for an answer may not lower the score")
        return self

    def score(self, features: Features) -> float:
        """Return the score of one candidate (log-odds; any number)."""
        return self.intercept + sum(
            self.weights[name] * value for name, value in zip(features._fields, features, strict=True)
        )


def odds_to_share(score: float) -> float:
    """Return the probability that belongs to log-odds."""
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, score))))


@lru_cache(maxsize=8)
def prior_for(model: str) -> ScoreModel:
    """Return the shipped weights for an embedding model; models without their own share the static model's."""
    folder = files(__package__) / "priors"
    source = folder / f"{model}.json"
    if not source.is_file():
        source = folder / f"{_FALLBACK}.json"
    return ScoreModel(**json.loads(source.read_text(encoding="utf-8")))
