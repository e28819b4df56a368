"""Compose: judged evidence → a PREP draft in which every sentence has a source.

::

    entries ──► outline ──► roles ──► selection ──► answer ──► reply ──► ledger ──► Draft
                layout      what each  what answers  Point,    layout    every fact
                            sentence   this concern  Reason,   by        has its
                            does                     Example   channel   evidence

``escalate`` gets a holding reply and a :class:`~suggest.records.Handoff` instead. Nothing here looks
anything up: the evidence is handed in.
"""

from __future__ import annotations

from suggest.compose.composer import compose
from suggest.compose.ledger import unsupported
from suggest.compose.rewrite import check_rewrite
from suggest.compose.style import lint

__all__ = ["check_rewrite", "compose", "lint", "unsupported"]
