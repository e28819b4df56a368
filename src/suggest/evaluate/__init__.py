"""Evaluate: how good is retrieval on a team's own questions?"""

from __future__ import annotations

from suggest.evaluate.comparison import Comparison, Run, compare
from suggest.evaluate.judgements import Query, read_qrels, read_queries
from suggest.evaluate.retrieval import RetrievalReport, evaluate_retrieval, rank, summary

__all__ = [
    "Comparison",
    "Query",
    "RetrievalReport",
    "Run",
    "compare",
    "evaluate_retrieval",
    "rank",
    "read_qrels",
    "read_queries",
    "summary",
]
