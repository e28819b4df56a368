"""What people decide about suggestions: a queue, a ledger that forgets nothing by itself, and what is learnt from it.

::

    inquiries ─► import ─► queue ─► claim ─► (swap) ─► decide (approve, edit, reject, escalate) ─► undo
                             │                 │
                             └── ledger ◄──────┘   append-only, hash-chained, one chain for each tenant
                                   ├─► labels      `suggest calibrate --from-ledger`
                                   ├─► candidates  a supervisor approves ─► the next `suggest sync`
                                   └─► figures     `suggest report`, `suggest export`

:class:`ReviewQueue` is the one door; every call names a tenant.
"""

from __future__ import annotations

from suggest.review.queue import ReviewQueue
from suggest.review.records import (
    Action,
    CandidateCase,
    Claim,
    DecisionRecord,
    Event,
    Figures,
    Forgotten,
    Found,
    ImportReport,
    ItemSummary,
    Page,
    Rate,
    RejectCode,
    ReviewDecision,
    ReviewItem,
    State,
    Times,
)

__all__ = [
    "Action",
    "CandidateCase",
    "Claim",
    "DecisionRecord",
    "Event",
    "Figures",
    "Forgotten",
    "Found",
    "ImportReport",
    "ItemSummary",
    "Page",
    "Rate",
    "RejectCode",
    "ReviewDecision",
    "ReviewItem",
    "ReviewQueue",
    "State",
    "Times",
]
