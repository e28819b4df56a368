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
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np

from suggest.errors import InvalidRecord, KnowledgeBaseError, ModelMismatch
from suggest.index import build, spool
from suggest.index import generation as generations
from suggest.index.adaptation import MAX_PAIRS, adapt
from suggest.index.analysis_pool import AnalysisPool
from suggest.index.build import Progress
from suggest.index.canaries import canary_vectors, drift
from suggest.index.embedding import Embedder, Vectors
from suggest.index.generation import Generation
from suggest.index.health import check_vectors, check_words
from suggest.index.known_pairs import embedded, known_pairs
from suggest.index.masking import (
    add_masked,
    drop_outdated,
    is_outdated,
    mask_kept,
    source_hash,
    version_of,
)
from suggest.index.store import EntryStore
from suggest.index.vectors import VectorLeg
from suggest.records import Entry, SyncReport
from suggest.sources.reader import EntryReader, Sourced
from suggest.understand.masking import MASKING_VERSION

KEEP_GENERATIONS = 3
_BATCH = 4_096
_T = TypeVar("_T")

Adapting = Literal["learn", "keep", "drop"]
"""What becomes of the adaptation: learned anew, kept as the live generation has it, or left out."""


class Legs(NamedTuple):
    """How the legs of a generation are prepared."""

    adapting: Adapting
    check_vectors: bool
    """Test the vector leg, unless an adaptation is kept: that model was tested when it came."""


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
    masked: dict[str, int]
    """Values of personal data that were masked in cases that were stored now, by type."""

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
    adapting: bool,
    check_vector_leg: bool,
    workers: int | None,
    on_progress: Progress,
) -> SyncReport:
    """Do one sync; the caller holds the writer lock. Arguments as in ``KnowledgeBase.sync``."""
    started = time.perf_counter()
    if live is not None and not adopt_model:
        check_model(live, embedder)
    adopted = live is not None and live.manifest["model"]["fingerprint"] != embedder.fingerprint
    masked_anew = is_outdated(live)
    dropped: tuple[int, ...] = ()
    if not dry_run:
        generations.clear_leftovers(folder)
    with AnalysisPool(workers) as analyse:
        plan = make_plan(
            store, analyse, entries, live, keep_missing=keep_missing, dry_run=dry_run, on_progress=on_progress
        )
    number, embedded_now = (live.number if live else 0), 0
    if not dry_run and (plan.differs or adopted or live is None):
        keep = live is not None and not adopted and not masked_anew
        legs = Legs("keep" if keep else "learn" if adapting else "drop", check_vector_leg)
        number = next_number(folder, live)
        entries_now = list(plan.keys.items())
        embedded_now = publish(
            folder,
            store,
            embedder,
            entries_now,
            live,
            number,
            legs,
            on_progress,
            anew=masked_anew,
            digests=plan.digests,
        )
    if not dry_run:
        dropped = drop_outdated(folder, store)
        if number != (live.number if live else 0):
            tidy(folder, store)
    return SyncReport(
        added=plan.added,
        changed=plan.changed,
        removed=plan.removed,
        unchanged=plan.unchanged,
        embedded=embedded_now,
        generation=number,
        seconds=round(time.perf_counter() - started, 3),
        dry_run=dry_run,
        masked=plan.masked,
        dropped_generations=dropped,
    )


def readapt(
    folder: Path,
    store: EntryStore,
    embedder: Embedder,
    live: Generation,
    how: Literal["learn", "drop"],
    *,
    check_vector_leg: bool,
    on_progress: Progress,
) -> int:
    """Build a generation with the entries of ``live`` and another adaptation; return its number."""
    check_model(live, embedder)
    generations.clear_leftovers(folder)
    entries = [(entry_id, key) for key, entry_id, _ in store.identities(live.rows.key)]
    number = next_number(folder, live)
    publish(folder, store, embedder, entries, live, number, Legs(how, check_vector_leg), on_progress)
    tidy(folder, store)
    return number


def next_number(folder: Path, live: Generation | None) -> int:
    """Return the number of the next generation."""
    return max([live.number if live else 0, *generations.kept_numbers(folder)]) + 1


def tidy(folder: Path, store: EntryStore) -> None:
    """Delete old generations and what only they used; what cannot be deleted now, the next sync will."""
    with suppress(KnowledgeBaseError, OSError):
        generations.discard_old(folder, KEEP_GENERATIONS)
        store.keep_only(generations.keys_in_use(folder))


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
        rows_before = _source_rows(known, live, articles_only=is_outdated(live))
    total = entries.lines() if isinstance(entries, EntryReader) else None
    keys: dict[str, int] = {}
    digests: dict[str, bytes] = {}
    counts: Counter[str] = Counter()
    masked: Counter[str] = Counter()
    for batch in batches(_sourced(entries, rows_before), _BATCH):
        fresh: list[Entry] = []
        for entry_id, entry, digest in batch:
            if entry_id in keys:
                raise InvalidRecord(f"entry id {entry_id!r} was given twice; ids must be unique")
            if digest is not None:
                digests[entry_id] = digest
            before = known.get(entry_id)
            if before is not None and (entry is None or before[1] == source_hash(entry)):
                keys[entry_id] = before[0]
                counts["unchanged"] += 1
            elif entry is not None:
                keys[entry_id] = -1
                fresh.append(entry)
                counts["changed" if before else "added"] += 1
        if not dry_run:
            stored = add_masked(store, analyse, fresh, masked)
            keys.update(zip((entry.id for entry in fresh), stored, strict=True))
        on_progress("reading", len(keys), total)
    missing = known.keys() - keys.keys()
    kept = {entry_id for entry_id in missing if keep_missing(entry_id)}
    if known and not keys and not kept:
        raise KnowledgeBaseError(
            f"the sources hold no entries, which would remove all {len(known)} of the knowledge base; "
            "check the sources (to empty it on purpose, delete its folder)"
        )
    keys.update({entry_id: known[entry_id][0] for entry_id in kept})
    counts["removed"] = len(missing) - len(kept)
    if is_outdated(live):
        cases = mask_kept(store, analyse, [keys[entry_id] for entry_id in kept], masked, dry_run=dry_run)
        keys |= cases
        counts["changed"] += len(cases)
        kept -= cases.keys()
    counts["unchanged"] += len(kept)
    return Plan(
        keys,
        digests,
        counts["added"],
        counts["changed"],
        counts["removed"],
        counts["unchanged"],
        dict(sorted(masked.items())),
    )


def _sourced(entries: Iterable[Entry], rows_before: dict[bytes, str]) -> Iterator[Sourced]:
    if isinstance(entries, EntryReader):
        return entries.sourced(rows_before.get)
    return (Sourced(entry.id, entry, None) for entry in entries)


def _source_rows(
    known: dict[str, tuple[int, str]], live: Generation, *, articles_only: bool
) -> dict[bytes, str]:
    """Return the entry id of each source row that ``live`` was made of, by digest."""
    id_of = {key: entry_id for entry_id, (key, _) in known.items()}
    there = np.flatnonzero(live.rows.source.any(axis=1) & ((live.rows.kind == 0) | (not articles_only)))
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
    legs: Legs,
    workers: int | None,
    on_progress: Progress,
) -> Iterator[Aside]:
    """Build a generation of ``entries`` that never becomes live, open it, and remove it again."""
    generations.clear_leftovers(folder)
    with AnalysisPool(workers) as analyse:
        plan = make_plan(
            store, analyse, entries, live, keep_missing=keep_missing, dry_run=False, on_progress=on_progress
        )
    try:
        building, manifest, count = assemble(
            folder,
            store,
            embedder,
            list(plan.keys.items()),
            live,
            next_number(folder, live),
            legs,
            on_progress,
        )
        generations.seal(building, manifest, build.shared_files(live))
        yield Aside(Generation(building), count)
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
    legs: Legs,
    on_progress: Progress,
    *,
    anew: bool = False,
    digests: Mapping[str, bytes] | None = None,
) -> int:
    """Build generation ``number`` of ``(entry id, key)`` and make it live; return how many were embedded.

    ``anew`` rewrites every file, so that nothing of what was removed stays in one.
    """
    try:
        building, manifest, count = assemble(
            folder, store, embedder, entries, live, number, legs, on_progress, anew=anew, digests=digests
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
    return count


def assemble(
    folder: Path,
    store: EntryStore,
    embedder: Embedder,
    entries: list[tuple[str, int]],
    live: Generation | None,
    number: int,
    legs: Legs,
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
    build.passages_of(building, store, embedder, rows["key"], live if same_model else None, on_progress)
    build.lexical_of(building, store, rows, manifest, None if anew else live, on_progress)
    learned, adaptation = _adaptation(store, embedder, dict(entries), live, legs.adapting, on_progress)
    if learned is not None:
        np.save(building / generations.ADAPTATION, learned, allow_pickle=False)
    check_words(building / generations.LEXICAL, store, keys, rows, manifest)
    if legs.check_vectors and legs.adapting != "keep":
        leg = VectorLeg(building / generations.VECTORS, made.segments, rows["slot"], embedder.dimension)
        check_vectors(leg, learned, embedder, store, dict(entries))
    np.savez(building / generations.ROWS, allow_pickle=False, **rows)
    canaries = live.manifest["model"]["canaries"] if live and same_model else canary_vectors(embedder)
    manifest |= {
        "format_version": generations.FORMAT_VERSION,
        "generation": number,
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "segments": [list(segment) for segment in made.segments],
        "near_trained_on": made.near_trained_on,
        "masking": MASKING_VERSION if digests is not None else version_of(live),  # without sources as before
        "model": {
            "name": embedder.name,
            "fingerprint": embedder.fingerprint,
            "dimension": embedder.dimension,
            "canaries": canaries,
        },
        "adaptation": {"generation": number, **adaptation} if legs.adapting == "learn" else adaptation,
    }
    return building, manifest, made.embedded


def _adaptation(
    store: EntryStore,
    embedder: Embedder,
    key_of: Mapping[str, int],
    live: Generation | None,
    how: Adapting,
    on_progress: Progress,
) -> tuple[Vectors | None, dict[str, Any]]:
    """Return the map of query vectors for the next generation, if any, and what the manifest says of it."""
    if how == "keep" and live is not None:
        return live.adaptation, live.manifest["adaptation"]
    if how == "drop":
        return None, {"adopted": False}
    questions, answers, groups = embedded(known_pairs(store, key_of, MAX_PAIRS), embedder, on_progress)
    learned, outcome = adapt(
        questions, answers, groups, on_progress=lambda done, of: on_progress("adapting: replay", done, of)
    )
    return learned, outcome.record()


def batches(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield ``items`` in lists of ``size``."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
