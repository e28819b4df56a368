"""Calibrates a knowledge base: weights from its own questions, probabilities and the cut from labels.

The weights never see a label, so all labels can serve the bound of the risk dial; the link from scores to
probabilities only stretches the score, which changes no order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Literal

import numpy as np

from suggest.errors import CalibrationError
from suggest.evaluate import reliability as measures
from suggest.index.knowledge_base import KnowledgeBase
from suggest.index.lookup import identity
from suggest.judge.calibration import (
    FILE_NAME,
    LABELS,
    Calibration,
    Reliability,
    read_calibration,
    replace_file,
    write_calibration,
)
from suggest.judge.confidence import Confidence, Link
from suggest.judge.fitting import fit_link, fit_weights, held_back
from suggest.judge.risk import turn
from suggest.judge.scoring import ScoreModel, odds_to_share, prior_for
from suggest.learn.outcomes import LabelledInquiry, Outcome, as_line, cases_of, masked, outcome, read_labels
from suggest.learn.own_questions import Example, own_examples
from suggest.pipeline import Suggester

RISK, CERTAINTY = 0.05, 0.95
Progress = Callable[[str, int, int | None], None]


def calibrate(
    kb: KnowledgeBase,
    labels: Sequence[LabelledInquiry] = (),
    *,
    risk: float = RISK,
    certainty: float = CERTAINTY,
    today: date | None = None,
    on_progress: Progress | None = None,
) -> Calibration:
    """Calibrate the live generation of ``kb`` and keep the result in its folder.

    Without ``labels`` the result is provisional: probabilities, but no cut. With them, the cut is the lowest
    one whose share of wrong ``ready`` is at most ``risk`` with probability ``certainty``, or None. Raises
    CalibrationError when the knowledge base is empty.
    """
    day = today or datetime.now(UTC).date()
    labels = [masked(label) for label in labels]  # kept in the folder, and read again after a sync
    show = on_progress or (lambda *_: None)
    held = identity(kb)
    if len(kb) == 0:
        raise CalibrationError(f"{kb.path}: is empty; fill it with `suggest sync` first")
    own = own_examples(kb, today=day, on_progress=lambda n: show("own questions", n, None))
    scoring = _weights(prior_for(kb.embedder.name), own)
    outcomes: list[Outcome] = []
    if labels:
        outcomes = _outcomes(kb, labels, scoring, day, lambda n: show("labels", n, len(labels)))
    pairs = [pair for item in outcomes for pair in item.concerns]
    link = fit_link([score for score, _ in pairs], [right for _, right in pairs])
    state: Literal["provisional", "calibrated"] = "provisional" if link is None else "calibrated"
    result = Calibration(
        state=state,
        generation=held.generation,
        model=held.model,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        scoring=scoring,
        link=link or Link(),
        dial=None
        if link is None
        else turn(
            [item.examined.score for item in outcomes if item.examined.eligible],
            [not item.right for item in outcomes if item.examined.eligible],
            labels=len(outcomes),
            risk=risk,
            certainty=certainty,
        ),
        own_questions=len(own),
        reliability=_reliability(pairs) if link is not None else _own_reliability(kb, own),
    )
    if labels:
        replace_file(kb.path / LABELS, "".join(as_line(label) + "\n" for label in labels))
    write_calibration(kb.path, result)
    return result


def recheck(
    kb: KnowledgeBase, *, today: date | None = None, on_progress: Progress | None = None
) -> Calibration | None:
    """Calibrate the live generation anew, as the last calibration was, when that was of another generation.

    Returns the new calibration; None when there is none or it still holds. A changed generation is judged by
    the kept labels: entries that went away, or better ones that came, change outcomes and so the cut.
    """
    before = read_calibration(kb.path)
    held = identity(kb)
    if before is None or (before.generation, before.model) == (held.generation, held.model):
        return None
    path = kb.path / LABELS
    labels = read_labels(path) if before.state == "calibrated" else []
    risk, certainty = (before.dial.risk, before.dial.certainty) if before.dial else (RISK, CERTAINTY)
    return calibrate(kb, labels, risk=risk, certainty=certainty, today=today, on_progress=on_progress)


def _weights(prior: ScoreModel, own: Sequence[Example]) -> ScoreModel:
    """Return the prior, moved towards what the knowledge base's own questions say."""
    if not own:
        return prior
    intercept, weights = fit_weights(
        [item.features for item in own], [item.answers for item in own], start=prior
    )
    return prior.model_copy(update={"intercept": intercept, "weights": weights})


def _outcomes(
    kb: KnowledgeBase,
    labels: Sequence[LabelledInquiry],
    scoring: ScoreModel,
    today: date,
    show: Callable[[int], None],
) -> list[Outcome]:
    suggester = Suggester(kb, today=today, confidence=Confidence(scoring))
    itself = cases_of(labels, list(kb.entries()))
    found = []
    for number, label in enumerate(labels, 1):
        found.append(outcome(suggester, label, without=itself[label.inquiry.id]))
        show(number)
    return found


def _reliability(pairs: Sequence[tuple[float, bool]]) -> Reliability:
    right = [answered for _, answered in pairs]
    return measured(held_back([score for score, _ in pairs], right), right)


def _own_reliability(kb: KnowledgeBase, own: Sequence[Example]) -> Reliability | None:
    """Return how well probabilities from four fifths of the own questions match the last fifth."""
    if len(own) < 25:
        return None
    prior = prior_for(kb.embedder.name)
    part = np.random.default_rng(0).permutation(len(own)) % 5
    probabilities = np.zeros(len(own))
    for number in range(5):
        model = _weights(prior, [item for item, p in zip(own, part, strict=True) if p != number])
        for i in map(int, np.flatnonzero(part == number)):
            probabilities[i] = odds_to_share(model.score(own[i].features))
    return measured([float(p) for p in probabilities], [item.answers for item in own])


def measured(probabilities: Sequence[float], right: Sequence[bool]) -> Reliability:
    """Return how well ``probabilities`` matched whether each was ``right``."""
    rank = measures.auroc(probabilities, right)
    return Reliability(
        outcomes=len(right),
        right=sum(right),
        auroc=None if rank is None else round(rank, 4),
        aurc=round(measures.aurc(probabilities, right), 4),
        ece=round(measures.ece(probabilities, right), 4),
        ece_by_chance=round(measures.ece_by_chance(probabilities), 4),
        brier=round(measures.brier(probabilities, right), 4),
    )


__all__ = ["FILE_NAME", "calibrate", "measured", "recheck"]
