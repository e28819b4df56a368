"""What a calibration found, kept beside the generations of a knowledge base.

``calibration.json`` names the generation and the embedding model that it belongs to, the version of the features,
the weights, the link from scores to probabilities, the cut with what it promises, and how reliable the
probabilities were on outcomes held back. It carries its own SHA-256. For any other generation it is stale.
``labels.jsonl`` keeps the labelled inquiries, so that the check can be repeated after a sync.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Literal

from suggest.errors import CalibrationError, InvalidRecord
from suggest.judge.confidence import Confidence, Link
from suggest.judge.features import FEATURES_VERSION
from suggest.judge.risk import Dial
from suggest.judge.scoring import ScoreModel, prior_for
from suggest.records import Record

FORMAT_VERSION = 1
FILE_NAME = "calibration.json"
LABELS = "labels.jsonl"


class Reliability(Record):
    """How well probabilities matched outcomes that they were not fitted on."""

    outcomes: int
    right: int
    auroc: float | None
    """P(a right answer has a higher confidence than a wrong one); None when all outcomes are the same."""
    aurc: float
    """Mean share wrong over all coverages, best first: lower is better."""
    ece: float
    """Expected calibration error over ten bins of equal size."""
    ece_by_chance: float
    """What perfectly calibrated probabilities would show on so few outcomes."""
    brier: float


class Calibration(Record):
    """One calibration of one generation."""

    format_version: int = FORMAT_VERSION
    features_version: int = FEATURES_VERSION
    state: Literal["provisional", "calibrated"]
    generation: int
    model: str
    """Fingerprint of the embedding model."""
    created_at: str
    scoring: ScoreModel
    link: Link
    dial: Dial | None = None
    """None while there are no labels."""
    own_questions: int = 0
    """Questions of the knowledge base itself that the weights were fitted on."""
    reliability: Reliability | None = None
    """On labels held back, or, while there are none, on own questions held back."""

    @property
    def cut(self) -> float | None:
        """The score from which an inquiry may be ready."""
        return self.dial.cut if self.dial is not None else None


def confidence_of(folder: Path, *, generation: int, fingerprint: str, model: str) -> Confidence:
    """Return what the calibration in ``folder`` says for this generation and embedding model.

    ``fingerprint`` and ``model`` are the embedding model's fingerprint and name. Without a calibration the state
    is ``none``; for another generation or model it is ``stale``.
    """
    found = read_calibration(folder)
    if found is None:
        return Confidence(prior_for(model))
    if (found.generation, found.model) != (generation, fingerprint):
        scoring = found.scoring if found.model == fingerprint else prior_for(model)
        return Confidence(scoring, "stale" if found.state == "calibrated" else "none")
    return Confidence(found.scoring, found.state, found.link, found.cut)


def read_calibration(folder: Path) -> Calibration | None:
    """Read the calibration in ``folder``; None when there is none, CalibrationError when it is damaged."""
    path = folder / FILE_NAME
    try:
        values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        digest = values.pop("sha256")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise CalibrationError(
            f"{path}: is not a calibration: {error}; run `suggest calibrate` again"
        ) from error
    if digest != _digest(values):
        raise CalibrationError(f"{path}: differs from its checksum; run `suggest calibrate` again")
    if values.get("format_version") != FORMAT_VERSION or values.get("features_version") != FEATURES_VERSION:
        raise CalibrationError(
            f"{path}: written in format {values.get('format_version')} with features {values.get('features_version')}, "
            f"this program reads {FORMAT_VERSION} and {FEATURES_VERSION}; run `suggest calibrate` again"
        )
    try:
        return Calibration(**values)
    except InvalidRecord as error:
        raise CalibrationError(f"{path}: {error}; run `suggest calibrate` again") from error


def write_calibration(folder: Path, calibration: Calibration) -> None:
    """Replace the calibration in ``folder``, all or nothing."""
    values = calibration.model_dump(mode="json")
    text = json.dumps({**values, "sha256": _digest(values)}, ensure_ascii=False, indent=1)
    replace_file(folder / FILE_NAME, text)


def replace_file(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` through a temporary file that is on disk before it takes its place."""
    temporary = path.with_name(f"{path.name}.new")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise CalibrationError(f"{path}: cannot be written: {error.strerror or error}") from error


def _digest(values: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(values, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
