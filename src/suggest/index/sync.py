"""Brings a knowledge base in line with its sources: plan, store, build aside, swap in.

Only entries whose (id, content hash, model fingerprint) changed are embedded. Until the new
generation is complete on disk, readers keep the old one; a failure at any point leaves it live.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from suggest.errors import InvalidRecord, KnowledgeBaseError, ModelMismatch
from suggest.index import build, spool
from suggest.index import generation as generations
from suggest.index.analysis_pool import AnalysisPool
from suggest.index.build import Progress
from suggest.index.canaries import canary_vectors, drift
from suggest.index.embedding import Embedder
from suggest.index.generation import Generation
from suggest.index.lexical import LexicalLeg
from suggest.index.store import EntryStore
from suggest.records import Entry, SyncReport
from suggest.sources.reader import EntryReader, Sourced

KEEP_GENERATIONS = 3
_BATCH = 4_096
_T = TypeVar("_T")


class Plan(NamedTuple):
    """What a sync would do."""

    keys: dict[str, int]
    """Entry id → store key of everything in the next generation."""
    digests: dict[str, bytes]
    """Entry id → digest of its source row, of the entries that were read."""
    added: int
    changed: int
    removed: int
    unchanged: int

    @property
    def differs(self) -> bool:
        """Tell whether the next generation would differ from the live one."""
        return bool(self.added or self.changed or self.removed)


def synchronise(
    folder: Path,
    store: EntryStore,
    embedder: Embedder,
    entries: Iterable[Entry],
    live: Generation | None,
    *,
    keep_missing: Callable[[str], bool],
    dry_run: bool,
    adopt_model: bool,
    workers: int | None,
    on_progress: Progress,
) -> SyncReport:
    """Do one sync; the caller holds the writer lock. Arguments as in ``KnowledgeBase.sync``."""
    started = time.perf_counter()
    if live is not None and not adopt_model:
        check_model(live, embedder)
    adopted = live is not None and live.manifest["model"]["fingerprint"] != embedder.fingerprint
    if not dry_run:
        generations.clear_leftovers(folder)
    with AnalysisPool(workers) as analyse:
        plan = make_plan(
            store, analyse, entries, live, keep_missing=keep_missing, dry_run=dry_run, on_progress=on_progress
        )
    number, embedded = (live.number if live else 0), 0
    if not dry_run and (plan.differs or adopted or live is None):
        number = max([number, *generations.kept_numbers(folder)]) + 1
        embedded = publish(
            folder, store, embedder, list(plan.keys.items()), live, number, on_progress, digests=plan.digests
        )
        with suppress(KnowledgeBaseError, OSError):  # the sync is done; the next one clears up what is left
            generations.discard_old(folder, KEEP_GENERATIONS)
            store.keep_only(generations.keys_in_use(folder))
    return SyncReport(
        added=plan.added,
        changed=plan.changed,
        removed=plan.removed,
        unchanged=plan.unchanged,
        embedded=embedded,
        generation=number,
        seconds=round(time.perf_counter() - started, 3),
        dry_run=dry_run,
    )


def check_model(live: Generation, embedder: Embedder) -> None:
    """Refuse to mix vectors of two models."""
    stored = live.manifest["model"]
    remedy = "Set the former model again, or embed everything anew with `suggest sync … --adopt`"
    if stored["fingerprint"] != embedder.fingerprint:
        raise ModelMismatch(
            f"{live.folder.parent.parent}: built with model {stored['name']!r} "
            f"(fingerprint {stored['fingerprint'][:12]}), but the settings name {embedder.name!r} "
            f"(fingerprint {embedder.fingerprint[:12]}). {remedy}"
        )
    lowest = drift(embedder, stored["canaries"])
    if lowest is not None:
        raise ModelMismatch(
            f"{live.folder.parent.parent}: model {embedder.name!r} has the fingerprint it was built with "
            f"({stored['fingerprint'][:12]}), but gives other vectors than then (cosine {lowest:.3f} for a text "
            f"that never changes); was its runtime changed? {remedy}"
        )


def make_plan(
    store: EntryStore,
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
    """
    known: dict[str, tuple[int, str]] = {}
    rows_before: dict[bytes, str] = {}
    if live is not None:
        known = {entry_id: (key, digest) for key, entry_id, digest in store.identities(live.rows.key)}
        rows_before = _source_rows(known, live)
    total = entries.lines() if isinstance(entries, EntryReader) else None
    keys: dict[str, int] = {}
    digests: dict[str, bytes] = {}
    counts: Counter[str] = Counter()
    for batch in batches(_sourced(entries, rows_before), _BATCH):
        fresh: list[Entry] = []
        for entry_id, entry, digest in batch:
            if entry_id in keys:
                raise InvalidRecord(f"entry id {entry_id!r} was given twice; ids must be unique")
            if digest is not None:
                digests[entry_id] = digest
            before = known.get(entry_id)
            if before is not None and (entry is None or before[1] == entry.content_hash):
                keys[entry_id] = before[0]
                counts["unchanged"] += 1
            elif entry is not None:
                keys[entry_id] = -1
                fresh.append(entry)
                counts["changed" if before else "added"] += 1
        if not dry_run:
            keys.update(zip((entry.id for entry in fresh), store.add(fresh, analyse), strict=True))
        on_progress("reading", len(keys), total)
    missing = known.keys() - keys.keys()
    kept = {entry_id for entry_id in missing if keep_missing(entry_id)}
    if known and not keys and not kept:
        raise KnowledgeBaseError(
            f"the sources hold no entries, which would remove all {len(known)} of the knowledge base; "
            "check the sources (to empty it on purpose, delete its folder)"
        )
    keys.update({entry_id: known[entry_id][0] for entry_id in kept})
    counts["unchanged"] += len(kept)
    counts["removed"] = len(missing) - len(kept)
    return Plan(keys, digests, counts["added"], counts["changed"], counts["removed"], counts["unchanged"])


def _sourced(entries: Iterable[Entry], rows_before: dict[bytes, str]) -> Iterator[Sourced]:
    if isinstance(entries, EntryReader):
        return entries.sourced(rows_before.get)
    return (Sourced(entry.id, entry, None) for entry in entries)


def _source_rows(known: dict[str, tuple[int, str]], live: Generation) -> dict[bytes, str]:
    """Return the entry id of each source row that ``live`` was made of, by digest."""
    id_of = {key: entry_id for entry_id, (key, _) in known.items()}
    there = np.flatnonzero(live.rows.source.any(axis=1))
    whole = live.rows.source[there].tobytes()
    keys = live.rows.key[there].tolist()
    return {whole[16 * n : 16 * n + 16]: id_of[key] for n, key in enumerate(keys) if key in id_of}


class Aside(NamedTuple):
    """A generation that is not live."""

    generation: Generation
    embedded: int


@contextmanager
def aside(
    folder: Path,
    store: EntryStore,
    embedder: Embedder,
    entries: Iterable[Entry],
    live: Generation,
    keep_missing: Callable[[str], bool],
    workers: int | None,
    on_progress: Progress,
) -> Iterator[Aside]:
    """Build a generation of ``entries`` that never becomes live, open it, and remove it again."""
    generations.clear_leftovers(folder)
    with AnalysisPool(workers) as analyse:
        plan = make_plan(
            store, analyse, entries, live, keep_missing=keep_missing, dry_run=False, on_progress=on_progress
        )
    number = max([live.number, *generations.kept_numbers(folder)]) + 1
    try:
        building, manifest, embedded = assemble(
            folder, store, embedder, list(plan.keys.items()), live, number, on_progress
        )
        generations.seal(building, manifest, build.shared_files(live))
        yield Aside(Generation(building), embedded)
    except OSError as error:
        raise KnowledgeBaseError(f"{folder}: the generation aside could not be written ({error})") from error
    finally:
        generations.clear_leftovers(folder)


def publish(
    folder: Path,
    store: EntryStore,
    embedder: Embedder,
    entries: list[tuple[str, int]],
    live: Generation | None,
    number: int,
    on_progress: Progress,
    *,
    anew: bool = False,
    digests: Mapping[str, bytes] | None = None,
) -> int:
    """Build generation ``number`` of ``(entry id, key)`` and make it live; return how many were embedded.

    ``anew`` rewrites every file, so that nothing of what was removed stays in one.
    """
    try:
        building, manifest, embedded = assemble(
            folder, store, embedder, entries, live, number, on_progress, anew=anew, digests=digests
        )
        generations.publish(folder, building, manifest, build.shared_files(live))
    except OSError as error:
        done = generations.current_number(folder) == number
        outcome = "it is live, but may not outlast a power failure" if done else "the old one stays live"
        raise KnowledgeBaseError(
            f"{folder}: the new generation could not be written ({error}); {outcome}. "
            "Free space or mend the permissions, then sync again"
        ) from error
    with suppress(OSError):
        spool.discard(folder, embedder.fingerprint)
    return embedded


def assemble(
    folder: Path,
    store: EntryStore,
    embedder: Embedder,
    entries: list[tuple[str, int]],
    live: Generation | None,
    number: int,
    on_progress: Progress,
    *,
    anew: bool = False,
    digests: Mapping[str, bytes] | None = None,
) -> tuple[Path, dict[str, Any], int]:
    """Build generation ``number`` aside; return its folder, its manifest and how many entries were embedded."""
    entries = sorted(entries)
    keys = [key for _, key in entries]
    entry_ids = [entry_id for entry_id, _ in entries]
    building = generations.begin(folder, number)
    rows, manifest = build.rows_of(store, entry_ids, keys, live)
    build.fill_sources(rows, entry_ids, digests or {}, live)
    same_model = live is not None and live.manifest["model"]["fingerprint"] == embedder.fingerprint
    made = build.vectors_of(
        folder, building, store, embedder, rows, live if same_model else None, on_progress, anew=anew
    )
    build.lexical_of(building, store, rows, manifest, None if anew else live, on_progress)
    _check_health(building / generations.LEXICAL, store, keys, rows, manifest)
    np.savez(building / generations.ROWS, allow_pickle=False, **rows)
    canaries = live.manifest["model"]["canaries"] if live and same_model else canary_vectors(embedder)
    manifest |= {
        "format_version": generations.FORMAT_VERSION,
        "generation": number,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "segments": [list(segment) for segment in made.segments],
        "near_trained_on": made.near_trained_on,
        "model": {
            "name": embedder.name,
            "fingerprint": embedder.fingerprint,
            "dimension": embedder.dimension,
            "canaries": canaries,
        },
    }
    return building, manifest, made.embedded


def _check_health(
    folder: Path, store: EntryStore, keys: list[int], rows: dict[str, Any], manifest: dict[str, Any]
) -> None:
    """Fail loudly when the lexical leg does not find entries by their own words."""
    leg = LexicalLeg(folder, np.asarray(keys, dtype=np.int64))
    tried = found = 0
    step = max(1, len(keys) // 50)
    for row in range(0, len(keys), step):
        [(_, terms)] = store.versions([keys[row]])
        own = f"{terms.title} {terms.body}".split()[:40]
        if own:
            tried += 1
            tenant = manifest["tenants"][rows["tenant"][row]]
            found += row in {hit for hit, _ in leg.search(own, tenant=tenant, limit=50)}
    if tried and found < tried / 2:
        raise KnowledgeBaseError(
            f"the lexical index finds only {found} of {tried} entries by their own words; "
            "this is a fault of the installation (tantivy or SudachiPy), the old generation stays live"
        )


def batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield ``items`` in lists of ``size``."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
