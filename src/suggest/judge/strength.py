"""How strong the evidence for one concern is, from absolute features.

Every feature compares the concern with one entry alone, so other entries and other inquiries never
move it. The strength is a ranking of trust, not a probability: confidence stays ``None`` until a
calibration exists.
"""

from __future__ import annotations

from suggest.records import Match

WEAK = 0.30
"""Below this, the best entry is not taken for an answer. Chosen on the tuning half of the labelled
development inquiries (benchmarks/README.md)."""

STRONG = 0.50
"""From this on, provisional mode may call a concern ready. Chosen on the same half."""


def strength(match: Match) -> float:
    """Return the strength of ``match`` as an answer, 0..1."""
    semantic = max(0.0, match.semantic)
    return 0.5 * semantic + 0.25 * match.coverage + 0.25 * min(1.0, 2.0 * match.lexical)
