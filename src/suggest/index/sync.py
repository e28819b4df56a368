"""Brings a knowledge base in line with its sources: plan, store, build aside, swap in.

Only entries whose (id, content hash, model fingerprint) changed are embedded. Until the new
generation is complete on disk, readers keep the old one; a failure at any point leaves it live.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import count, islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeVar

import numpy as np

from suggest.errors import InvalidRecord, KnowledgeBaseError, ModelError, ModelMismatch
from suggest.index import generation as generations
from suggest.index import lexical, vectors
from suggest.index.adaptation import MAX_PAIRS, adapt
from suggest.index.embedding import Embedder, Vectors
from suggest.index.generation import NO_END, NO_ROW, NO_START, Generation
from suggest.index.health import check_vectors, check_words
from suggest.index.known_pairs import embedded, known_pairs
from suggest.index.store import EntryStore, embedding_text
from suggest.records import Entry, SyncReport

KEEP_GENERATIONS = 3
_BATCH = 512
_T = TypeVar("_T")

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how many are done, and how many there are (None: not known yet)."""

Adapting = Literal["learn", "keep", "drop"]
"""What becomes of the adaptation: learned anew, kept as the live generation has it, or left out."""


class Plan(NamedTuple):
    """What a sync would do."""

    keys: dict[str, int]
    """Entry id → store key of everything in the next generation."""
    added: int
    changed: int
    removed: int
    unchanged: int

    @property
    def differs(self) -> bool:
        """Tell whether the next generation would differ from the live one."""
        return bool(self.added or self.changed or self.removed)


class _DryRun(Exception):  # rolls the store back
    pass


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
    on_progress: Progress,
) -> SyncReport:
    """Do one sync; the caller holds the writer lock. Arguments as in ``KnowledgeBase.sync``."""
    started = time.perf_counter()
    if live is not None and not adopt_model:
        check_model(live, embedder)
    adopted = live is not None and live.manifest["model"]["fingerprint"] != embedder.fingerprint
    plan = _plan(store, entries, live, keep_missing=keep_missing, dry_run=dry_run, on_progress=on_progress)
    number, embedded = (live.number if live else 0), 0
    if not dry_run and (plan.differs or adopted or live is None):
        reusable = None if adopted else live
        how: Adapting = "keep" if reusable is not None else "learn" if adapting else "drop"
        number, embedded = _build(
            folder, store, embedder, plan, reusable, number, how, check_vector_leg, on_progress
        )
        _tidy(folder, store)
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
    keys = {entry_id: key for key, entry_id, _ in store.identities(live.rows.key)}
    plan = Plan(keys, 0, 0, 0, len(keys))
    number, _ = _build(folder, store, embedder, plan, live, live.number, how, check_vector_leg, on_progress)
    _tidy(folder, store)
    return number


def _tidy(folder: Path, store: EntryStore) -> None:
    generations.discard_old(folder, KEEP_GENERATIONS)
    store.keep_only(generations.keys_in_use(folder))


def check_model(live: Generation, embedder: Embedder) -> None:
    """Refuse to mix vectors of two models."""
    stored = live.manifest["model"]
    if stored["fingerprint"] != embedder.fingerprint:
        raise ModelMismatch(
            f"{live.folder.parent.parent}: built with model {stored['name']!r} "
            f"(fingerprint {stored['fingerprint'][:12]}), but the settings name {embedder.name!r} "
            f"(fingerprint {embedder.fingerprint[:12]}). Set the former model again, "
            "or embed everything anew with `suggest sync … --adopt`"
        )


def _plan(
    store: EntryStore,
    entries: Iterable[Entry],
    live: Generation | None,
    *,
    keep_missing: Callable[[str], bool],
    dry_run: bool,
    on_progress: Progress,
) -> Plan:
    known: dict[str, tuple[int, str]] = {}
    if live is not None:
        known = {entry_id: (key, digest) for key, entry_id, digest in store.identities(live.rows.key)}
    keys: dict[str, int] = {}
    counts: Counter[str] = Counter()
    try:
        with store.transaction() as connection:
            for batch in _batches(entries):
                fresh: list[Entry] = []
                for entry in batch:
                    if entry.id in keys:
                        raise InvalidRecord(f"entry id {entry.id!r} was given twice; ids must be unique")
                    before = known.get(entry.id)
                    if before is not None and before[1] == entry.content_hash:
                        keys[entry.id] = before[0]
                        counts["unchanged"] += 1
                    else:
                        keys[entry.id] = -1
                        fresh.append(entry)
                        counts["changed" if before else "added"] += 1
                for entry, key in zip(fresh, store.add(connection, fresh), strict=True):
                    keys[entry.id] = key
                on_progress("reading", len(keys), None)
            if dry_run:
                raise _DryRun
    except _DryRun:
        pass
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
    return Plan(keys, counts["added"], counts["changed"], counts["removed"], counts["unchanged"])


def _build(
    folder: Path,
    store: EntryStore,
    embedder: Embedder,
    plan: Plan,
    reusable: Generation | None,
    previous: int,
    how: Adapting,
    check_vector_leg: bool,
    on_progress: Progress,
) -> tuple[int, int]:
    """Build and publish the next generation; return its number and how many entries were embedded."""
    number = max([previous, *generations.kept_numbers(folder)]) + 1
    key_of = {entry_id: plan.keys[entry_id] for entry_id in sorted(plan.keys)}
    keys = list(key_of.values())
    try:
        building = generations.begin(folder, number)
        rows, manifest = _rows(store, keys)
        np.savez(building / generations.ROWS, allow_pickle=False, **rows)
        matrix, embedded = _vectors(store, embedder, keys, reusable, on_progress)
        vectors.build(building / generations.VECTORS, matrix)
        lexical.build(building / generations.LEXICAL, _documents(store, keys, rows, manifest, on_progress))
        learned, adaptation = _adaptation(store, embedder, key_of, reusable, how, on_progress)
        if learned is not None:
            np.save(building / generations.ADAPTATION, learned, allow_pickle=False)
        check_words(building / generations.LEXICAL, store, keys, rows, manifest)
        if check_vector_leg and how != "keep":  # a model that a delta keeps was tested when it came
            check_vectors(matrix, learned, embedder, store, key_of)
        manifest |= {
            "format_version": generations.FORMAT_VERSION,
            "generation": number,
            "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "model": {
                "name": embedder.name,
                "fingerprint": embedder.fingerprint,
                "dimension": embedder.dimension,
            },
            "adaptation": {"generation": number, **adaptation} if how == "learn" else adaptation,
        }
        generations.publish(folder, building, manifest)
    except OSError as error:
        raise KnowledgeBaseError(
            f"{folder}: the new generation could not be written ({error}); the old one stays live. "
            "Free space or mend the permissions, then sync again"
        ) from error
    return number, embedded


def _rows(store: EntryStore, keys: list[int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Collect the row columns and the counts of the manifest, a batch of entries at a time."""
    tenants: dict[str, int] = {}
    kinds: Counter[str] = Counter()
    row_of: dict[str, int] = {}
    superseding: list[tuple[str, str, int]] = []
    resolved: list[tuple[int, str]] = []
    columns: dict[str, list[int]] = {"tenant": [], "kind": [], "valid_from": [], "valid_until": []}
    tenant_of: list[str] = []
    for entry in _entries(store, keys):
        row_of[entry.id] = len(tenant_of)
        tenant_of.append(entry.tenant)
        columns["tenant"].append(tenants.setdefault(entry.tenant, len(tenants)))
        first = entry.valid_from.toordinal() if entry.valid_from else NO_START
        columns["valid_from"].append(first)
        columns["valid_until"].append(entry.valid_until.toordinal() if entry.valid_until else NO_END)
        columns["kind"].append(0 if entry.kind == "faq" else 1)
        kinds[entry.kind] += 1
        if entry.kind == "case" and entry.resolves_with:
            resolved.append((row_of[entry.id], entry.resolves_with))
        if entry.supersedes:
            superseding.append((entry.supersedes, entry.tenant, first))
    superseded_from = np.full(len(keys), NO_END, dtype=np.int32)
    for entry_id, tenant, first in superseding:
        row = row_of.get(entry_id)
        if row is not None and tenant_of[row] == tenant:
            superseded_from[row] = min(int(superseded_from[row]), first)
    answered_by = np.full(len(keys), NO_ROW, dtype=np.int32)
    for case, entry_id in resolved:
        row = row_of.get(entry_id)
        if row is not None and tenant_of[row] == tenant_of[case] and columns["kind"][row] == 0:
            answered_by[case] = row
    rows = {name: np.asarray(values, dtype=np.int32) for name, values in columns.items()}
    rows |= {"key": np.asarray(keys, dtype=np.int64), "superseded_from": superseded_from}
    rows["answered_by"] = answered_by
    rows["kind"] = rows["kind"].astype(np.int8)
    return rows, {"entries": len(keys), "by_kind": dict(kinds), "tenants": list(tenants)}


def _vectors(
    store: EntryStore,
    embedder: Embedder,
    keys: list[int],
    reusable: Generation | None,
    on_progress: Progress,
) -> tuple[Vectors, int]:
    matrix = np.zeros((len(keys), embedder.dimension), dtype=np.float32)
    known: Mapping[int, int] = {}
    if reusable is not None:
        known = {int(key): row for row, key in enumerate(reusable.rows.key)}
        here = [row for row, key in enumerate(keys) if key in known]
        matrix[here] = reusable.vectors.gather([known[keys[row]] for row in here])
    fresh = [row for row, key in enumerate(keys) if key not in known]
    done = 0
    for part in _batches(fresh):
        texts = [embedding_text(version.entry) for version in store.versions([keys[row] for row in part])]
        made = embedder.embed_documents(texts)
        if made.shape != (len(part), embedder.dimension) or not np.isfinite(made).all():
            raise ModelError(
                f"model {embedder.name!r} gave vectors of shape {made.shape} (or not finite) for "
                f"{len(part)} texts, expected ({len(part)}, {embedder.dimension}), all finite"
            )
        matrix[part] = made
        done += len(part)
        on_progress("embedding", done, len(fresh))
    return matrix, len(fresh)


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


def _documents(
    store: EntryStore,
    keys: list[int],
    rows: dict[str, Any],
    manifest: dict[str, Any],
    on_progress: Progress,
) -> Iterator[tuple[int, str, str, str]]:
    numbers = count()
    for part in _batches(keys):
        for _, terms in store.versions(part):
            row = next(numbers)
            yield row, manifest["tenants"][rows["tenant"][row]], terms.title, terms.body
        on_progress("indexing", min(len(keys), row + 1), len(keys))


def _entries(store: EntryStore, keys: list[int]) -> Iterator[Entry]:
    for part in _batches(keys):
        yield from (version.entry for version in store.versions(part))


def _batches(items: Iterable[_T]) -> Iterator[list[_T]]:
    source = iter(items)
    while batch := list(islice(source, _BATCH)):
        yield batch
