"""Retrieval metrics by their standard definitions.

Gain is linear in the graded relevance; the ideal ranking is over all judged entries of the query;
the discount is 1 / log2(rank + 1). An entry is relevant when its grade is above 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from pydantic import Field

from suggest.errors import EvaluationError
from suggest.evaluate.judgements import Query
from suggest.records import Record

_DEPTH = 10

Search = Callable[[Query], Sequence[str]]
"""Returns the ids of the best entries for a query, best first (at least ten where there are ten)."""


class RetrievalReport(Record):
    """Means over the queries that have a positive judgement."""

    queries: int
    left_out: int
    """Queries without a positive judgement; they count in no figure."""
    ndcg_at_10: float = Field(alias="ndcg@10")
    recall_at_10: float = Field(alias="recall@10")
    mrr_at_10: float = Field(alias="mrr@10")
    hit_at_1: float = Field(alias="hit@1")
    hit_at_5: float = Field(alias="hit@5")


class Ranked(NamedTuple):
    """One judged query, what was found for it, and how good that is."""

    query: Query
    entry_ids: Sequence[str]
    """At most ten, best first."""
    metrics: dict[str, float]


def rank(
    search: Search,
    queries: Iterable[Query],
    qrels: Mapping[str, Mapping[str, int]],
    *,
    on_progress: Callable[[int], None] | None = None,
) -> tuple[list[Ranked], int]:
    """Run every judged query through ``search``; return the rankings and how many queries were left out.

    Raises :class:`~suggest.errors.EvaluationError` when no query has a positive judgement.
    """
    ranked: list[Ranked] = []
    left_out = 0
    for query in queries:
        judged = qrels.get(query.id, {})
        if not any(grade > 0 for grade in judged.values()):
            left_out += 1
            continue
        found = search(query)[:_DEPTH]
        ranked.append(Ranked(query, found, metrics(found, judged)))
        if on_progress is not None:
            on_progress(len(ranked))
    if not ranked:
        raise EvaluationError(
            f"none of the {left_out} queries has a positive judgement; "
            "check that the query ids of both files are the same"
        )
    return ranked, left_out


def summary(ranked: Sequence[Ranked], left_out: int) -> RetrievalReport:
    """Average the metrics of ``ranked``, which must not be empty."""
    means: dict[str, Any] = {
        name: round(fmean(one.metrics[name] for one in ranked), 4) for name in ranked[0].metrics
    }
    return RetrievalReport(queries=len(ranked), left_out=left_out, **means)


def evaluate_retrieval(
    search: Search,
    queries: Iterable[Query],
    qrels: Mapping[str, Mapping[str, int]],
    *,
    on_progress: Callable[[int], None] | None = None,
) -> RetrievalReport:
    """Run every judged query through ``search`` and average the metrics; raises as :func:`rank` does."""
    return summary(*rank(search, queries, qrels, on_progress=on_progress))


def metrics(ranked: Sequence[str], judged: Mapping[str, int]) -> dict[str, float]:
    """Return the metrics of one ranking; ``judged`` maps entry ids to grades, one of them positive."""
    grades = [max(0, judged.get(entry_id, 0)) for entry_id in ranked]
    ideal = sorted((grade for grade in judged.values() if grade > 0), reverse=True)
    first = next((rank for rank, grade in enumerate(grades, 1) if grade > 0), None)
    return {
        "ndcg@10": _dcg(grades[:_DEPTH]) / _dcg(ideal[:_DEPTH]),
        "recall@10": sum(grade > 0 for grade in grades[:_DEPTH]) / len(ideal),
        "mrr@10": 1 / first if first is not None and first <= _DEPTH else 0.0,
        "hit@1": float(first == 1),
        "hit@5": float(first is not None and first <= 5),
    }


def _dcg(grades: Sequence[int]) -> float:
    return sum(grade / math.log2(rank + 1) for rank, grade in enumerate(grades, 1))
