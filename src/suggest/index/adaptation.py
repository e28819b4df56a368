"""Adaptation of queries to a knowledge base: a linear map of query vectors, learned on its own pairs.

Questions whose answers are known (an article's title and its body; a resolved inquiry, its reply and the
article that resolved it) teach where this knowledge base keeps the answers to what is asked. Only query
vectors move, ``q' = (q + q·W) / |q + q·W|``: documents stay as they are embedded, so a delta embeds no
more than without. Learned from random batches by the cross-entropy of each question against all
answers of its batch, both ways; a penalty keeps W small. Whether to use it is decided by replay: pairs
that were held back must be found better with the map than without.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from suggest.index.embedding import Vectors

MIN_PAIRS = 50
MAX_PAIRS = 2_048
"""More pairs than this are sampled: they teach little more and cost time to embed."""
_STEPS = 20
_BATCH = 512
_RATES = (3e-4, 1e-3)
"""Few questions teach best in small steps; the replay chooses."""
_PENALTY = 0.03
_SCALE = 20.0
_FOLDS = 5
_RESAMPLES = 2_000
_TAIL = 0.025
"""A gain that chance alone brings in so few cases, shared among the rates tried, is taken as one."""
_SEED = 1

Groups = NDArray[np.int64]
"""Shape (n,): pairs of one group answer each other's questions, so they are no negatives."""


class Outcome(NamedTuple):
    """What the replay of held-back pairs said."""

    pairs: int
    before: float
    """Mean reciprocal rank of the right answer for held-back questions, unadapted; 0 when not tried."""
    after: float
    low: float
    """Lower bound of the gain: the paired bootstrap's, allowing for several rates tried."""
    adopted: bool

    def record(self) -> dict[str, Any]:
        """Return it for the manifest."""
        return {
            "pairs": self.pairs,
            "mrr_before": round(self.before, 4),
            "mrr_after": round(self.after, 4),
            "gain_low": round(self.low, 4),
            "adopted": self.adopted,
        }


def adapt(
    questions: Vectors,
    answers: Vectors,
    groups: Groups,
    *,
    on_progress: Callable[[int, int], None] = lambda *_: None,
) -> tuple[Vectors | None, Outcome]:
    """Learn W, float32 of shape (d, d), and tell by replay whether it helps; None when it does not.

    ``questions`` and ``answers`` are unit vectors of shape (n, d), row for row. The same input gives the
    same map.
    """
    number = len(questions)
    if number < MIN_PAIRS:
        return None, Outcome(number, 0.0, 0.0, 0.0, adopted=False)
    with threadpool_limits(1, user_api="blas"):  # threads that wait for each other cost more than they bring
        return _adapt(questions, answers, groups, on_progress)


def _adapt(
    questions: Vectors, answers: Vectors, groups: Groups, on_progress: Callable[[int, int], None]
) -> tuple[Vectors | None, Outcome]:
    number = len(questions)
    fold = _folds(groups)
    before = _reciprocal_ranks(questions, groups, answers, groups)
    after = {rate: np.zeros(number) for rate in _RATES}
    tasks = [(rate, k) for rate in _RATES for k in range(_FOLDS)]
    for done, (rate, k) in enumerate(tasks, 1):
        held = fold == k
        learned = learn(questions[~held], answers[~held], groups[~held], rate=rate)
        moved = project(questions[held], learned)
        after[rate][held] = _reciprocal_ranks(moved, groups[held], answers, groups)
        on_progress(done, len(tasks))
    best = max(_RATES, key=lambda rate: after[rate].mean())
    gains = after[best] - before
    rng = np.random.default_rng(_SEED)
    resampled = [gains[rng.integers(0, number, number)].mean() for _ in range(_RESAMPLES)]
    low = float(np.quantile(resampled, _TAIL / len(_RATES)))
    outcome = Outcome(number, float(before.mean()), float(after[best].mean()), low, adopted=low > 0)
    return (learn(questions, answers, groups, rate=best) if outcome.adopted else None), outcome


def project(queries: Vectors, learned: Vectors) -> Vectors:
    """Return adapted query vectors, shape (n, d); a query without a vector (zeros) keeps none."""
    moved = queries + queries @ learned
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    adapted: Vectors = np.divide(moved, lengths, out=np.zeros_like(moved), where=lengths > 0)
    return adapted


def learn(questions: Vectors, answers: Vectors, groups: Groups, *, rate: float) -> Vectors:
    """Return W, float32 of shape (d, d), by Adam from zero."""
    rng = np.random.default_rng(_SEED)
    width = questions.shape[1]
    learned = np.zeros((width, width), np.float32)
    first, second = np.zeros_like(learned), np.zeros_like(learned)
    for step in range(1, _STEPS + 1):
        batch = rng.permutation(len(questions))[:_BATCH]
        gradient = _gradient(learned, questions[batch], answers[batch], groups[batch])
        first += 0.1 * (gradient - first)
        second += 0.001 * (gradient**2 - second)
        learned -= rate * (first / (1 - 0.9**step)) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
    return learned


def _gradient(learned: Vectors, questions: Vectors, answers: Vectors, groups: Groups) -> Vectors:
    moved = questions + questions @ learned
    lengths = np.linalg.norm(moved, axis=1, keepdims=True)
    unit = moved / np.maximum(lengths, 1e-9)
    logits = _SCALE * unit @ answers.T
    same = groups[:, None] == groups
    np.fill_diagonal(same, val=False)
    logits[same] = -np.inf
    right = np.eye(len(questions), dtype=np.float32)
    error = (_softmax(logits) - right + 0.5 * (_softmax(logits.T).T - right)) / len(questions)
    along = _SCALE * error @ answers
    across = (along - (along * unit).sum(1, keepdims=True) * unit) / np.maximum(lengths, 1e-9)
    gradient: Vectors = questions.T @ across + 2 * _PENALTY * learned
    return gradient.astype(np.float32)


def _softmax(logits: Vectors) -> Vectors:
    raised = np.exp(logits - logits.max(1, keepdims=True))
    shares: Vectors = raised / raised.sum(1, keepdims=True)
    return shares


def _reciprocal_ranks(
    queries: Vectors, wanted: Groups, answers: Vectors, groups: Groups
) -> NDArray[np.float64]:
    """Return 1 / rank of the first answer of each query's group among all answers."""
    scores = queries @ answers.T
    right = wanted[:, None] == groups
    best = np.where(right, scores, -np.inf).max(1, keepdims=True)
    ahead = (np.where(right, -np.inf, scores) > best).sum(1)
    ranks: NDArray[np.float64] = 1.0 / (1.0 + ahead)
    return ranks


def _folds(groups: Groups) -> NDArray[np.int64]:
    """Return a fold for each pair; pairs of one group share theirs."""
    _, place = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(_SEED).permutation(int(place.max()) + 1)
    folds: NDArray[np.int64] = order[place] % _FOLDS
    return folds
