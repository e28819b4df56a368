"""Compares what the sources hold with the live generation, and stores what is new."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from suggest.errors import InvalidRecord, KnowledgeBaseError
from suggest.index.analysis_pool import AnalysisPool
from suggest.index.build import Progress
from suggest.index.generation import Generation
from suggest.index.masking import Prepared, is_outdated, mask_kept, prepared, source_hash
from suggest.index.roster import Roster, roster_of
from suggest.index.stores import Store
from suggest.records import Entry
from suggest.sources.reader import EntryReader, Part, Sourced

_READ_AT_ONCE = 1_024
_STORED_AT_ONCE = 1_024
_NOT_SEEN, _SAME, _OTHER = 0, 1, 2


class Plan(NamedTuple):
    """What a sync would do."""

    roster: Roster
    """The next generation; empty after a dry run."""
    added: int
    changed: int
    removed: int
    unchanged: int
    masked: dict[str, int]
    """Values of personal data that were masked in cases that were stored now, by type."""

    @property
    def differs(self) -> bool:
        """Tell whether the next generation would differ from the live one."""
        return bool(self.added or self.changed or self.removed)


def make_plan(
    store: Store,
    analyse: AnalysisPool,
    entries: Iterable[Entry],
    live: Generation | None,
    *,
    keep_missing: Callable[[str], bool],
    dry_run: bool,
    on_progress: Progress,
) -> Plan:
    """Compare ``entries`` with the live generation and store the versions that are new, batch by batch.

    What is stored stays when a later batch fails: no generation uses it, and the next sync need not analyse it.
    While one batch is stored, the next are masked and analysed, and the one after them read.
    """
    before = roster_of(live)
    row_of = dict(zip(before.ids, range(len(before.ids)), strict=True))
    states = np.full(len(before.ids), _NOT_SEEN, np.uint8)
    source = before.source.copy()
    total = entries.lines() if isinstance(entries, EntryReader) else None
    done = told = 0
    masked: Counter[str] = Counter()
    with _Fresh(store, analyse, masked, dry_run=dry_run) as fresh:
        for part in _parts(entries, _to_recognise(before, live)):
            states[[row_of[entry_id] for entry_id in part.same]] = _SAME
            doubtful: list[tuple[int, Sourced]] = []
            for each in part.read:
                entry_id = each.entry.id
                row = row_of.get(entry_id)
                if entry_id in fresh if row is None else states[row] != _NOT_SEEN:
                    raise InvalidRecord(f"entry id {entry_id!r} was given twice; ids must be unique")
                if row is None:
                    fresh.add(each)
                else:
                    states[row] = _OTHER
                    doubtful.append((row, each))
            known = _content_hashes(store, before.keys, [row for row, _ in doubtful])
            for row, each in doubtful:
                if known.get(row) == source_hash(each.entry):
                    states[row] = _SAME
                    source[row] = _numbers(each.digest)
                else:
                    fresh.add(each)
            done += len(part.same) + len(part.read)
            if done >= told + _READ_AT_ONCE:
                told = done
                on_progress("reading", done, total)
    on_progress("reading", done, total)
    missing = np.flatnonzero(states == _NOT_SEEN)
    kept = [row for row in missing.tolist() if keep_missing(before.ids[row])]
    if before.ids and not done and not kept:
        raise KnowledgeBaseError(
            f"the sources hold no entries, which would remove all {len(before.ids)} of the knowledge base; "
            "check the sources (to empty it on purpose, delete its folder)"
        )
    new, cases = fresh.roster(), roster_of(None)
    if is_outdated(live):
        again = mask_kept(store, analyse, before.keys[kept].tolist(), masked, dry_run=dry_run)
        cases = Roster(
            list(again), np.array(list(again.values()), np.int64), np.zeros((len(again), 2), np.int64)
        )
        kept = [row for row in kept if before.ids[row] not in again]
    stay = states == _SAME
    stay[kept] = True
    edited = int((states == _OTHER).sum())
    removed = len(missing) - len(kept) - len(cases.ids)
    counts = (len(fresh) - edited, edited + len(cases.ids), removed, int(stay.sum()))
    roster = roster_of(None) if dry_run else _joined(before._replace(source=source), stay, new.beside(cases))
    return Plan(roster, *counts, dict(sorted(masked.items())))


def _to_recognise(before: Roster, live: Generation | None) -> Roster:
    """Return ``before`` with the digests of those rows only that need not be read again."""
    if live is None or not is_outdated(live):
        return before
    return before._replace(source=np.where(live.rows.kind[:, None] == 0, before.source, 0))


class _Fresh:
    """Entries that the live generation does not have: batches are masked and analysed while another is stored."""

    def __init__(self, store: Store, analyse: AnalysisPool, masked: Counter[str], *, dry_run: bool) -> None:
        self._store, self._analyse, self._masked, self._dry_run = store, analyse, masked, dry_run
        self._digests: dict[str, bytes | None] = {}
        self._keys: list[int] = []
        self._waiting: list[Entry] = []
        self._prepare = ThreadPoolExecutor(2, "suggest-prepare")
        self._store_thread = ThreadPoolExecutor(1, "suggest-store")
        self._storing: deque[Future[list[int]]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._store_waiting()
                self._settle(0)
        finally:
            for thread in (self._prepare, self._store_thread):
                thread.shutdown(cancel_futures=True)

    def __contains__(self, entry_id: str) -> bool:
        return entry_id in self._digests

    def __len__(self) -> int:
        return len(self._digests)

    def add(self, sourced: Sourced) -> None:
        self._digests[sourced.entry.id] = sourced.digest
        if self._dry_run:
            return
        self._waiting.append(sourced.entry)
        if len(self._waiting) == _STORED_AT_ONCE:
            self._store_waiting()

    def _store_waiting(self) -> None:
        self._settle(2)
        batch, self._waiting = self._waiting, []
        hashes = [source_hash(entry) for entry in batch]
        self._storing.append(
            self._store_thread.submit(
                self._store_prepared, self._prepare.submit(prepared, self._analyse, batch), hashes
            )
        )

    def _store_prepared(self, preparing: Future[Prepared], hashes: list[str]) -> list[int]:
        made = preparing.result()
        self._masked.update(made.counts)
        return made.add_to(self._store, self._analyse, hashes)

    def _settle(self, left: int) -> None:
        """Wait until at most ``left`` batches are still on their way."""
        while len(self._storing) > left:
            self._keys += self._storing.popleft().result()

    def roster(self) -> Roster:
        source = np.array([_numbers(digest) for digest in self._digests.values()], np.int64).reshape(-1, 2)
        return Roster(list(self._digests), np.asarray(self._keys, np.int64), source)


def _joined(before: Roster, stay: NDArray[np.bool_], fresh: Roster) -> Roster:
    """Return the entries of ``before`` that ``stay`` and those of ``fresh``."""
    old = before.only(np.flatnonzero(stay))
    both = old.beside(fresh)
    return both.only(np.array(sorted(range(len(both.ids)), key=both.ids.__getitem__), np.int64))


def _content_hashes(store: Store, keys: NDArray[np.int64], rows: Sequence[int]) -> dict[int, str]:
    """Return the content hashes of rows of the live generation."""
    if not rows:
        return {}
    said = {key: content_hash for key, _, content_hash in store.identities(keys[rows])}
    return {row: said[key] for row, key in zip(rows, keys[rows].tolist(), strict=True) if key in said}


def _parts(entries: Iterable[Entry], before: Roster) -> Iterator[Part]:
    """Yield what the sources hold, not too little at a time to ask the store about."""
    if isinstance(entries, EntryReader):
        parts: Iterator[Part] = entries.sourced(_recogniser(before))
    else:
        parts = (Part([], [Sourced(entry, None)]) for entry in entries)
    read: list[Sourced] = []
    for part in parts:
        read += part.read
        if part.same:
            yield Part(part.same, [])
        if len(read) >= _READ_AT_ONCE:
            yield Part([], read)
            read = []
    yield Part([], read)


def _recogniser(before: Roster) -> Callable[[Sequence[bytes]], list[str | None]]:
    """Return a function that tells, of digests of source rows, which entries of ``before`` they became."""
    order = np.argsort(before.source[:, 0], kind="stable")
    order = order[before.source[order].any(axis=1)]
    first = before.source[order, 0]

    def known(digests: Sequence[bytes]) -> list[str | None]:
        asked = np.frombuffer(b"".join(digests), np.int64).reshape(-1, 2)
        if not len(first):
            return [None] * len(asked)
        rows = order[np.minimum(np.searchsorted(first, asked[:, 0]), len(first) - 1)]
        same = (before.source[rows] == asked).all(axis=1)
        return [
            before.ids[row] if here else None for row, here in zip(rows.tolist(), same.tolist(), strict=True)
        ]

    return known


def _numbers(digest: bytes | None) -> tuple[int, int]:
    first, second = np.frombuffer(digest or bytes(16), np.int64).tolist()
    return first, second
