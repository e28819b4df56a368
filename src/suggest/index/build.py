"""Builds the files of a generation, each from those of the one before where it can."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suggest.errors import ModelError
from suggest.index import generation as generations
from suggest.index import lexical, vectors
from suggest.index.analysis import embedding_text, embedding_tokens
from suggest.index.embedding import Embedder, TokenEmbedder, Vectors
from suggest.index.generation import NO_END, NO_ROW, NO_START, Generation
from suggest.index.links import link_or_copy
from suggest.index.spool import Spool
from suggest.index.store import EntryStore
from suggest.index.stores import Link
from suggest.index.vectors import Segment

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how many are done, and how many there are (None: not known yet)."""

REBUILD_BELOW = 20_000
"""Entries up to which the lexical index is built anew: it takes a second, and struck-out entries count no more."""
_MOST_STRUCK = 0.1  # share of struck-out entries above which the lexical index is built anew
_MOST_DEAD = 0.25  # share of vectors without an entry above which the segments are rewritten
_RETRAIN_AT = 4  # times the vectors that the approximate index was trained on
_BATCH = 512


class MadeVectors(NamedTuple):
    """What :func:`vectors_of` did."""

    segments: list[Segment]
    near_trained_on: int
    """Vectors that there were when the approximate index was trained; 0 without one."""
    embedded: int


def shared_files(live: Generation | None) -> dict[tuple[int, int], str]:
    """Return the SHA-256 of the files of ``live``, which was verified when it was opened, by device and inode."""
    if live is None:
        return {}
    known = {}
    for name, said in live.manifest["files"].items():
        about = (live.folder / name).stat()
        known[about.st_dev, about.st_ino] = str(said["sha256"])
    return known


def rows_of(
    store: EntryStore, entry_ids: Sequence[str], keys: Sequence[int], live: Generation | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the row columns (``slot`` and ``source`` still to be filled in) and the counts of the manifest.

    ``entry_ids`` ascend, with their keys. What ``live`` says of a version is taken from there.
    """
    count = len(keys)
    rows: dict[str, Any] = {
        "key": np.asarray(keys, dtype=np.int64),
        "tenant": np.zeros(count, np.int32),
        "valid_from": np.full(count, NO_START, np.int32),
        "valid_until": np.full(count, NO_END, np.int32),
        "kind": np.zeros(count, np.int8),
        "superseded_from": np.full(count, NO_END, np.int32),
        "answered_by": np.full(count, NO_ROW, np.int32),
        "slot": np.zeros(count, np.int64),
        "checksum": np.zeros(count, np.int64),
        "source": np.zeros((count, 2), np.int64),
    }
    tenants: dict[str, int] = {}
    fresh = np.arange(count)
    if live is not None:
        known = _rows_in(live, rows["key"])
        fresh, kept = np.flatnonzero(known < 0), np.flatnonzero(known >= 0)
        for name in ("tenant", "valid_from", "valid_until", "kind", "checksum"):
            rows[name][kept] = getattr(live.rows, name)[known[kept]]
        tenants = {name: number for number, name in enumerate(live.tenants)}
    row_of = {int(rows["key"][row]): int(row) for row in fresh}
    for said in store.about(rows["key"][fresh]):
        row = row_of[said.key]
        rows["tenant"][row] = tenants.setdefault(said.tenant, len(tenants))
        if said.valid_from is not None:
            rows["valid_from"][row] = said.valid_from
        if said.valid_until is not None:
            rows["valid_until"][row] = said.valid_until
        rows["kind"][row] = 0 if said.kind == "faq" else 1
        rows["checksum"][row] = said.checksum
    used, rows["tenant"] = np.unique(rows["tenant"], return_inverse=True)
    rows["tenant"] = rows["tenant"].astype(np.int32)
    names = list(tenants)
    _link(store, entry_ids, rows)
    cases = int(rows["kind"].sum())
    kinds = {"faq": count - cases, "case": cases}
    return rows, {
        "entries": count,
        "by_kind": {kind: number for kind, number in kinds.items() if number},
        "tenants": [names[int(number)] for number in used] if count else [],
    }


def _link(store: EntryStore, entry_ids: Sequence[str], rows: dict[str, Any]) -> None:
    """Fill in ``superseded_from`` and ``answered_by``; an entry can only name one of its own tenant."""
    for row, old in _links(store, "supersedes", entry_ids, rows):
        rows["superseded_from"][old] = min(rows["superseded_from"][old], rows["valid_from"][row])
    for case, article in _links(store, "resolves_with", entry_ids, rows):
        if rows["kind"][article] == 0:
            rows["answered_by"][case] = article


def _links(
    store: EntryStore, kind: Link, entry_ids: Sequence[str], rows: dict[str, Any]
) -> Iterator[tuple[int, int]]:
    links = store.links(kind)
    row_of = {key: row for row, key in enumerate(rows["key"].tolist())} if links else {}
    for key, entry_id in links:
        row, named = row_of.get(key), bisect_left(entry_ids, entry_id)
        if row is None or named == len(entry_ids) or entry_ids[named] != entry_id:
            continue
        if rows["tenant"][row] == rows["tenant"][named]:
            yield row, named


def fill_sources(
    rows: dict[str, Any], entry_ids: Sequence[str], digests: Mapping[str, bytes], live: Generation | None
) -> None:
    """Fill in the digests of the source rows: those read now, else those that ``live`` has."""
    if live is not None:
        known = _rows_in(live, rows["key"])
        rows["source"][known >= 0] = live.rows.source[known[known >= 0]]
    for row, entry_id in enumerate(entry_ids) if digests else ():
        digest = digests.get(entry_id)
        if digest is not None:
            rows["source"][row] = np.frombuffer(digest, np.int64)


def vectors_of(
    kb: Path,
    building: Path,
    store: EntryStore,
    embedder: Embedder,
    rows: dict[str, Any],
    live: Generation | None,
    on_progress: Progress,
    *,
    anew: bool,
) -> MadeVectors:
    """Write the vector leg: segments of ``live`` (of the same model) linked, and one of what is new.

    Fills in ``rows["slot"]``.
    """
    folder = building / generations.VECTORS
    folder.mkdir()
    keys: NDArray[np.int64] = rows["key"]
    before, segments = _shared_slots(keys, live)
    held = sum(segment.rows for segment in segments)
    rewrite = anew or int((before >= 0).sum()) < held * (1 - _MOST_DEAD)
    if rewrite:
        segments = []
    base = sum(segment.rows for segment in segments)
    with Spool(kb, embedder.fingerprint, embedder.dimension) as spool:
        if rewrite and live is not None:
            known = _rows_in(live, keys)
            copied = [row for row in np.flatnonzero(known >= 0) if int(keys[row]) not in spool.slot_of]
            for start in range(0, len(copied), _BATCH * 16):
                part = np.asarray(copied[start : start + _BATCH * 16])
                spool.append(keys[part], live.vectors.gather(known[part]))
            before = np.full(len(keys), -1)
        missing = [int(row) for row in np.flatnonzero(before < 0) if int(keys[row]) not in spool.slot_of]
        embedded = _embed(store, embedder, keys, missing, live, spool, on_progress)
        spool.sync()
        places = (spool.slot_of.get(int(key), -1) for key in keys[before < 0])
        before[before < 0] = base + np.fromiter(places, np.int64)
        rows["slot"] = before
        if len(spool):
            name = f"{building.name.removeprefix('.building-')}.f32"
            link_or_copy(spool.path, folder / name)
            segments = [*segments, Segment(name, len(spool))]
    if live is not None:
        for name, _ in segments:
            if not (folder / name).exists():
                link_or_copy(live.folder / generations.VECTORS / name, folder / name)
    trained_on = _near(folder, segments, len(keys), embedder.dimension, None if rewrite else live)
    return MadeVectors(segments, trained_on, embedded)


def lexical_of(
    building: Path,
    store: EntryStore,
    rows: dict[str, Any],
    manifest: dict[str, Any],
    live: Generation | None,
    on_progress: Progress,
) -> None:
    """Write the lexical leg: anew when small or worn, else the segments of ``live`` and the changes."""
    keys: NDArray[np.int64] = rows["key"]
    base: Path | None = None
    fresh, removed = keys, np.zeros(0, np.int64)
    if live is not None and len(keys) >= REBUILD_BELOW:
        removed = np.setdiff1d(live.rows.key, keys)
        base = live.folder / generations.LEXICAL
        if lexical.struck_share(base) + len(removed) / len(live) > _MOST_STRUCK:
            base = None
        else:
            fresh = np.setdiff1d(keys, live.rows.key)
    documents = _documents(store, fresh, rows, manifest, on_progress)
    struck = [] if base is None else [int(key) for key in removed]
    lexical.build(building / generations.LEXICAL, documents, base=base, removed=struck)


def _documents(
    store: EntryStore,
    keys: NDArray[np.int64],
    rows: dict[str, Any],
    manifest: dict[str, Any],
    on_progress: Progress,
) -> Iterator[tuple[int, str, str, str]]:
    row_of = np.argsort(rows["key"], kind="stable")
    tenants = rows["tenant"][row_of[np.searchsorted(rows["key"][row_of], keys)]]
    for start in range(0, len(keys), _BATCH):
        part = [int(key) for key in keys[start : start + _BATCH]]
        for n, (key, terms) in enumerate(zip(part, store.terms(part), strict=True), start):
            yield key, manifest["tenants"][tenants[n]], terms.title, terms.body
        on_progress("indexing", start + len(part), len(keys))


def _shared_slots(
    keys: NDArray[np.int64], live: Generation | None
) -> tuple[NDArray[np.int64], list[Segment]]:
    """Return the slot of each key that ``live`` has (else -1), and its segments."""
    if live is None:
        return np.full(len(keys), -1, np.int64), []
    known = _rows_in(live, keys)
    slots = np.where(known >= 0, live.rows.slot[known] if len(live) else -1, -1)
    return slots, [Segment(*segment) for segment in live.manifest["segments"]]


def _rows_in(live: Generation, keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the row of each key in ``live``, -1 where it has none."""
    if not len(live):
        return np.full(len(keys), -1, np.int64)
    order = np.argsort(live.rows.key, kind="stable")
    there = live.rows.key[order]
    place = np.minimum(np.searchsorted(there, keys), len(there) - 1)
    found: NDArray[np.int64] = np.where(there[place] == keys, order[place], -1)
    return found


def _embed(
    store: EntryStore,
    embedder: Embedder,
    keys: NDArray[np.int64],
    missing: Sequence[int],
    live: Generation | None,
    spool: Spool,
    on_progress: Progress,
) -> int:
    """Add the vectors of the ``missing`` rows to ``spool``; return how many texts were embedded."""
    embedded = done = 0
    donors = _donors(store, live, keys[list(missing)]) if live is not None and missing else {}
    for start in range(0, len(missing), _BATCH):
        part = keys[list(missing[start : start + _BATCH])]
        made = np.empty((len(part), embedder.dimension), np.float32)
        given = [donors.get(int(key), -1) for key in part]
        old = np.flatnonzero(np.asarray(given) >= 0)
        if live is not None and len(old):
            made[old] = live.vectors.gather([given[i] for i in old])
        new = np.flatnonzero(np.asarray(given) < 0)
        if len(new):
            made[new] = _embed_keys(store, embedder, [int(part[i]) for i in new])
        spool.append(part, made)
        embedded += len(new)
        done += len(part)
        on_progress("embedding", done, len(missing))
    return embedded


def _donors(store: EntryStore, live: Generation, keys: NDArray[np.int64]) -> dict[int, int]:
    """Return, for keys whose text an entry of ``live`` has too, the row of that entry."""
    wanted = {said.key: said.text_hash for said in store.about(keys)}
    rows = {key: row for row, key in enumerate(live.rows.key.tolist())}
    donor = {digest: rows[key] for key, digest in store.with_texts(list(wanted.values())) if key in rows}
    return {key: donor[digest] for key, digest in wanted.items() if digest in donor}


def _embed_keys(store: EntryStore, embedder: Embedder, keys: list[int]) -> Vectors:
    if isinstance(embedder, TokenEmbedder):
        made = embedder.embed_tokens([embedding_tokens(terms) for terms in store.terms(keys)])
    else:
        made = embedder.embed_documents([embedding_text(version.entry) for version in store.versions(keys)])
    if made.shape != (len(keys), embedder.dimension) or not np.isfinite(made).all():
        raise ModelError(
            f"model {embedder.name!r} gave vectors of shape {made.shape} (or not finite) for "
            f"{len(keys)} texts, expected ({len(keys)}, {embedder.dimension}), all finite"
        )
    return made


def _near(
    folder: Path, segments: Sequence[Segment], entries: int, dimension: int, live: Generation | None
) -> int:
    """Write the approximate index where it is worth it; return how many vectors it was trained on, else 0."""
    if entries <= vectors.EXACT_UP_TO:
        return 0
    opened = [vectors.read_segment(folder / name, count, dimension) for name, count in segments]
    total = sum(count for _, count in segments)
    base, trained_on = None, total
    if live is not None and live.manifest["near_trained_on"] * _RETRAIN_AT >= total:
        base = live.folder / generations.VECTORS / vectors.NEAR
        trained_on = int(live.manifest["near_trained_on"])
    vectors.build_near(folder / vectors.NEAR, opened, base)
    return trained_on
