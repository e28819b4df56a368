"""Replays past inquiries against a generation that another model built aside, before it is adopted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Protocol

import numpy as np

from suggest.index.build import Progress
from suggest.index.embedding import Embedder
from suggest.index.generation import Generation
from suggest.index.store import EntryStore
from suggest.index.stores import Store
from suggest.index.sync import Legs, aside
from suggest.records import ChangedAnswer, Entry, Match, ModelTrial, ResolvedCase


class Searchable(Protocol):
    """What is replayed against."""

    def search(self, text: str, *, tenant: str, top: int, today: date | None) -> list[Match]:
        """Return the nearest entries, best first."""


def replay(
    store: EntryStore,
    live: Generation,
    embedder: Embedder,
    entries: Iterable[Entry],
    *,
    keep_missing: Callable[[str], bool],
    legs: Legs,
    replays: int,
    workers: int | None,
    on_progress: Progress,
    before: Searchable,
    opened: Callable[[Generation], Searchable],
) -> ModelTrial:
    """Build a generation aside and ask at most ``replays`` past inquiries of it and of ``before``.

    ``opened`` makes the built generation searchable. The caller holds the writer lock.
    """
    started = time.perf_counter()
    changed, folder = [], live.folder.parent.parent
    with aside(folder, store, embedder, entries, live, keep_missing, legs, workers, on_progress) as built:
        after = opened(built.generation)
        cases = list(past_inquiries(store, live, replays))
        for done, case in enumerate(cases, 1):
            changed.append(changed_answer(case, before, after, None))
            on_progress("replaying", done, len(cases))
    return ModelTrial(
        model=embedder.name,
        fingerprint=embedder.fingerprint,
        embedded=built.embedded,
        replayed=len(cases),
        changed=tuple(each for each in changed if each is not None),
        seconds=round(time.perf_counter() - started, 3),
    )


def past_inquiries(store: Store, generation: Generation, limit: int) -> Iterator[ResolvedCase]:
    """Yield at most ``limit`` resolved inquiries of a generation, spread evenly over their ids."""
    cases = np.flatnonzero(generation.rows.kind == 1)
    if not len(cases):
        return
    picked = cases[np.unique(np.linspace(0, len(cases) - 1, min(limit, len(cases))).astype(np.int64))]
    keys: Sequence[int] = generation.rows.key[picked].tolist()
    for start in range(0, len(keys), 500):
        for version in store.versions(keys[start : start + 500]):
            if isinstance(version.entry, ResolvedCase):
                yield version.entry


def changed_answer(
    case: ResolvedCase, before: Searchable, after: Searchable, today: date | None
) -> ChangedAnswer | None:
    """Ask what was once asked; return the change when another entry than before comes first.

    The case itself does not count as an answer.
    """
    old, new = (_best(case, searched, today) for searched in (before, after))
    return None if old == new else ChangedAnswer(inquiry_id=case.id, before=old, after=new)


def _best(case: Entry, searched: Searchable, today: date | None) -> str | None:
    assert isinstance(case, ResolvedCase)
    found = searched.search(case.inquiry, tenant=case.tenant, top=2, today=today)
    return next((match.entry_id for match in found if match.entry_id != case.id), None)
