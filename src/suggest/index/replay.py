"""Replays past inquiries with another model, before it is adopted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from suggest.records import ChangedAnswer, Match, ResolvedCase


class Searchable(Protocol):
    """What is replayed against."""

    def search(self, text: str, *, tenant: str, top: int) -> list[Match]:
        """Return the nearest entries, best first."""


def replay(
    cases: Sequence[ResolvedCase],
    before: Searchable,
    after: Searchable,
    on_progress: Callable[[str, int, int | None], None],
) -> tuple[ChangedAnswer, ...]:
    """Ask what was once asked; return where another entry than before comes first.

    A case does not count as an answer to itself.
    """
    changed = []
    for done, case in enumerate(cases, 1):
        old, new = (_best(case, searched) for searched in (before, after))
        if old != new:
            changed.append(ChangedAnswer(inquiry_id=case.id, before=old, after=new))
        on_progress("replaying", done, len(cases))
    return tuple(changed)


def _best(case: ResolvedCase, searched: Searchable) -> str | None:
    found = searched.search(case.inquiry, tenant=case.tenant, top=2)
    return next((match.entry_id for match in found if match.entry_id != case.id), None)
