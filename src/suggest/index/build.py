"""Builds the files of a generation, each from those of the one before where it can."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suggest.errors import ModelError
from suggest.index import generation as generations
from suggest.index import passages
from suggest.index.analysis import embedding_text, embedding_tokens
from suggest.index.embedding import Embedder, TokenEmbedder, Vectors
from suggest.index.generation import Generation
from suggest.index.late import late_interaction
from suggest.index.links import link_or_copy
from suggest.index.pieces import PieceStore
from suggest.index.roster import Inherited, inherit
from suggest.index.spool import Spool
from suggest.index.stores import Document, Lexical, Segment, Store, Vector

Progress = Callable[[str, int, int | None], None]
"""Called with what is being done, how many are done, and how many there are (None: not known yet)."""

REBUILD_BELOW = 20_000
"""Entries up to which the lexical index is built anew: it takes a second, and struck-out entries count no more."""
_MOST_STRUCK = 0.1  # share of struck-out entries above which the lexical index is built anew
_MOST_DEAD = 0.25  # share of vectors without an entry above which the segments are rewritten
_BATCH = 512


class MadeVectors(NamedTuple):
    """What :func:`vectors_of` did."""

    segments: list[Segment]
    rewritten: bool
    """Whether no segment of the live generation is among them."""
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


def vectors_of(
    kb: Path,
    building: Path,
    store: Store,
    embedder: Embedder,
    pieces: PieceStore | None,
    rows: dict[str, Any],
    inherited: Inherited,
    on_progress: Progress,
    *,
    anew: bool,
) -> MadeVectors:
    """Write the vector leg: segments of the live generation linked, and one of what is new.

    Fills in ``rows["slot"]``.
    """
    folder = building / generations.VECTORS
    folder.mkdir()
    keys: NDArray[np.int64] = rows["key"]
    live, kept = inherited.live, inherited.kept
    segments = [] if live is None else [Segment(*segment) for segment in live.manifest["segments"]]
    rewrite = anew or len(kept) < sum(segment.rows for segment in segments) * (1 - _MOST_DEAD)
    slots = np.full(len(keys), -1, np.int64)
    if rewrite:
        segments = []
    elif live is not None:
        slots[kept] = live.rows.slot[inherited.row[kept]]
    base = sum(segment.rows for segment in segments)
    with Spool(kb, embedder.fingerprint, embedder.dimension) as spool:
        if rewrite and live is not None:
            copied = kept[[key not in spool.slot_of for key in keys[kept].tolist()]]
            for start in range(0, len(copied), _BATCH * 16):
                part = copied[start : start + _BATCH * 16]
                spool.append(keys[part], live.vectors.gather(inherited.row[part]))
        new = np.flatnonzero(slots < 0)
        missing = new[[key not in spool.slot_of for key in keys[new].tolist()]]
        embedded = _embed(store, embedder, pieces, keys[missing], live, spool, on_progress)
        spool.sync()
        slots[new] = [base + spool.slot_of[key] for key in keys[new].tolist()]
        rows["slot"] = slots
        if len(spool):
            name = f"{building.name.removeprefix('.building-')}.f32"
            link_or_copy(spool.path, folder / name)
            segments = [*segments, Segment(name, len(spool))]
    if live is not None:
        for name, _ in segments:
            if not (folder / name).exists():
                link_or_copy(live.folder / generations.VECTORS / name, folder / name)
    return MadeVectors(segments, rewrite, embedded)


def search_structure(
    vector: Vector,
    building: Path,
    made: MadeVectors,
    embedder: Embedder,
    entries: int,
    live: Generation | None,
) -> int:
    """Write what searching the segments takes beyond them; return of how many vectors it was learnt."""
    learnt = 0 if live is None or made.rewritten else int(live.manifest["near_trained_on"])
    return vector.build(
        building / generations.VECTORS,
        made.segments,
        embedder.dimension,
        entries=entries,
        base=live.folder / generations.VECTORS if live is not None and learnt else None,
        learnt=learnt,
    )


def passages_of(
    building: Path,
    store: Store,
    embedder: Embedder,
    keys: NDArray[np.int64],
    inherited: Inherited,
    on_progress: Progress,
) -> None:
    """Write the passages of long entries: those of the live generation copied, the rest embedded."""
    owners, made = [np.zeros(0, np.int64)], [np.zeros((0, embedder.dimension), np.float32)]
    if inherited.live is not None:
        old_keys, old_vectors = inherited.live.passages.of(keys[inherited.kept])
        owners, made = [old_keys], [old_vectors]
    fresh = keys[inherited.fresh]
    for start in range(0, len(fresh), _BATCH):
        batch = fresh[start : start + _BATCH].tolist()
        terms = zip(batch, store.terms(batch), strict=True)
        part = [key for key, said in terms if said.read >= passages.LONG_TERMS]
        cut = [passages.passages_of(version.entry) for version in store.versions(part)]
        texts = [text for of_one in cut for text in of_one]
        if texts:
            made.append(_checked(embedder.embed_documents(texts), embedder, len(texts)))
            owners.append(np.repeat(np.asarray(part, np.int64), [len(of_one) for of_one in cut]))
        on_progress("embedding passages", start + len(batch), len(fresh))
    if sum(map(len, owners)):
        passages.write(building / generations.PASSAGES, np.concatenate(owners), np.concatenate(made))


def lexical_of(
    lexical: Lexical,
    building: Path,
    store: Store,
    rows: dict[str, Any],
    manifest: dict[str, Any],
    inherited: Inherited,
    on_progress: Progress,
) -> None:
    """Write the lexical leg: anew when small or worn, else the segments of the live generation and the changes."""
    live, count = inherited.live, len(rows["key"])
    base: Path | None = None
    fresh, struck = np.arange(count), np.zeros(0, np.int64)
    if live is not None and count >= REBUILD_BELOW:
        removed = inherited.gone()
        folder = live.folder / generations.LEXICAL
        if lexical.struck_share(folder) + len(removed) / len(live) <= _MOST_STRUCK:
            base, fresh, struck = folder, inherited.fresh, removed
    documents = _documents(store, fresh, rows, manifest, on_progress)
    lexical.build(building / generations.LEXICAL, documents, base=base, removed=struck.tolist())


def _documents(
    store: Store,
    fresh: NDArray[np.int64],
    rows: dict[str, Any],
    manifest: dict[str, Any],
    on_progress: Progress,
) -> Iterator[Document]:
    """Yield what the lexical leg holds of the rows ``fresh``."""
    for start in range(0, len(fresh), _BATCH):
        part = fresh[start : start + _BATCH]
        keys = rows["key"][part].tolist()
        tenants = rows["tenant"][part].tolist()
        for key, tenant, terms in zip(keys, tenants, store.terms(keys), strict=True):
            yield key, manifest["tenants"][tenant], terms.title, terms.body
        on_progress("indexing", start + len(part), len(fresh))


def _embed(
    store: Store,
    embedder: Embedder,
    pieces: PieceStore | None,
    keys: NDArray[np.int64],
    live: Generation | None,
    spool: Spool,
    on_progress: Progress,
) -> int:
    """Add the vectors of ``keys`` to ``spool``; return how many texts were embedded."""
    embedded = 0
    donors = _donors(store, live, keys) if live is not None and len(keys) else {}
    for start in range(0, len(keys), _BATCH):
        part = keys[start : start + _BATCH].tolist()
        made = np.empty((len(part), embedder.dimension), np.float32)
        given = [donors.get(key, -1) for key in part]
        old = [i for i, row in enumerate(given) if row >= 0]
        if live is not None and old:
            made[old] = live.vectors.gather([given[i] for i in old])
            if pieces is not None:
                sources = live.rows.key[[given[i] for i in old]].tolist()
                copied = [part[i] for i in old]
                pieces.copy(sources, copied, _checksums(store, copied))
        new = [i for i, row in enumerate(given) if row < 0]
        if new:
            made[new] = _embed_keys(store, embedder, pieces, [part[i] for i in new])
        spool.append(keys[start : start + _BATCH], made)
        embedded += len(new)
        on_progress("embedding", start + len(part), len(keys))
    return embedded


def _donors(store: Store, live: Generation, keys: NDArray[np.int64]) -> dict[int, int]:
    """Return, for keys whose text an entry of ``live`` has too, the row of that entry."""
    wanted = {said.key: said.text_hash for said in store.about(keys)}
    found = store.with_texts(list(wanted.values()))
    rows = inherit(np.array([key for key, _ in found], np.int64), live).row.tolist()
    donor = {digest: row for (_, digest), row in zip(found, rows, strict=True) if row >= 0}
    return {key: donor[digest] for key, digest in wanted.items() if digest in donor}


def _embed_keys(store: Store, embedder: Embedder, pieces: PieceStore | None, keys: list[int]) -> Vectors:
    """Return the vectors of versions; their word pieces, where the model gives some, are stored before that."""
    late = late_interaction(embedder)
    if late is not None and pieces is not None:
        made, words = late.embed_entries([embedding_text(version.entry) for version in store.versions(keys)])
        pieces.add(keys, _checksums(store, keys), words)
    elif isinstance(embedder, TokenEmbedder):
        made = embedder.embed_tokens([embedding_tokens(terms) for terms in store.terms(keys)])
    else:
        made = embedder.embed_documents([embedding_text(version.entry) for version in store.versions(keys)])
    return _checked(made, embedder, len(keys))


def mend_pieces(
    store: Store,
    embedder: Embedder,
    pieces: PieceStore | None,
    keys: NDArray[np.int64],
    checksums: NDArray[np.int64],
    on_progress: Progress,
) -> None:
    """Make the word pieces that versions lack: their file was lost, or the vectors are from a sync that was killed."""
    lacking = [] if pieces is None else pieces.lacking(keys, checksums)
    for start in range(0, len(lacking), _BATCH):
        _embed_keys(store, embedder, pieces, lacking[start : start + _BATCH])
        on_progress("embedding words", min(start + _BATCH, len(lacking)), len(lacking))


def _checksums(store: Store, keys: Sequence[int]) -> list[int]:
    said = {about.key: about.checksum for about in store.about(keys)}
    return [said[key] for key in keys]


def _checked(made: Vectors, embedder: Embedder, count: int) -> Vectors:
    if made.shape != (count, embedder.dimension) or not np.isfinite(made).all():
        raise ModelError(
            f"model {embedder.name!r} gave vectors of shape {made.shape} (or not finite) for "
            f"{count} texts, expected ({count}, {embedder.dimension}), all finite"
        )
    return made
