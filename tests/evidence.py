"""Evidence as a search would return it, for tests of the judge."""

from __future__ import annotations

from suggest.records import Entry, Evidence, Match


def evidence(entry: Entry, level: float) -> Evidence:
    """Return ``entry`` found with every score at ``level``."""
    match = Match(
        entry_id=entry.id,
        kind=entry.kind,
        title=entry.title,
        score=level,
        lexical=level,
        semantic=level,
        coverage=level,
    )
    return Evidence(match=match, entry=entry)
