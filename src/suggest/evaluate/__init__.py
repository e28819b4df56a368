"""Evaluate: how good is retrieval on a team's own questions?"""

from __future__ import annotations

from suggest.evaluate.judgements import Query, read_qrels, read_queries
from suggest.evaluate.retrieval import RetrievalReport, evaluate_retrieval

__all__ = ["Query", "RetrievalReport", "evaluate_retrieval", "read_qrels", "read_queries"]
