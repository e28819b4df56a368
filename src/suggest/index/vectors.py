"""The vector leg: cosine search by FAISS. The only file that imports faiss.

Vectors are unit length, so the inner product is the cosine. They lie in segments, raw little-endian float32
files that never change once written; the position of a vector in all segments, one after the other, is its
slot. A generation says which row has which slot; slots of removed entries stay until the segments are rewritten.

Up to :data:`EXACT_UP_TO` rows the search compares with every vector. Above, it compares with a 4-bit code of every
vector (``near.faiss``, by slot; product quantisation, one thirty-second of the size), and with the vectors
themselves only for the best. Codes of all vectors are looked at, not only those in the nearest of many lists: that
is what recall costs, and no filter can thin the results.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.errors import KnowledgeBaseCorrupt
from suggest.index.embedding import Vectors
from suggest.index.stores import Segment

EXACT_UP_TO = 50_000
"""Rows up to which every vector is compared."""
NEAR = "near.faiss"
_EXACT_AMONG = 4_000  # so few allowed rows are compared one by one
_CANDIDATES = 4  # candidates compared exactly, for each result asked for
_FEWEST_CANDIDATES = 256
_LISTS = 16  # parts of the codes; the residual to a part's centre is coded
_TRAINING = 32_768  # vectors the codes are learnt from
_CHUNK = 20_000
_GIVEN_BACK_AFTER = 4_000
"""Vectors read here and there after which the pages of the mapped files are given back: each brings its neighbours
along, so that a reader would come to hold the whole file."""


_RETRAIN_AT = 4  # times the vectors that the codes were learnt from


def build(
    folder: Path, segments: Sequence[Segment], dimension: int, *, entries: int, base: Path | None, learnt: int
) -> int:
    """Write the approximate index where it is worth it; return of how many vectors its codes were learnt, else 0.

    Arguments as in :class:`suggest.index.stores.Vector`.
    """
    if entries <= EXACT_UP_TO:
        return 0
    opened = [read_segment(folder / name, count, dimension) for name, count in segments]
    total = sum(count for _, count in segments)
    if base is None or learnt * _RETRAIN_AT < total:
        build_near(folder / NEAR, opened, None)
        return total
    build_near(folder / NEAR, opened, base / NEAR)
    return learnt


def opened(folder: Path, segments: Sequence[Segment], slots: NDArray[np.int64], dimension: int) -> VectorLeg:
    """Open the leg of a generation."""
    return VectorLeg(folder, segments, slots, dimension)


def build_near(path: Path, segments: Sequence[Vectors], base: Path | None) -> None:
    """Write the approximate index of all vectors of ``segments``, by slot.

    With ``base``, the index of the first slots, only the vectors after those are added. Raises OSError.
    """
    import faiss

    total = sum(len(segment) for segment in segments)
    try:
        index = _trained(segments, total) if base is None else faiss.read_index(str(base))
        for part in _from_slot(segments, index.ntotal):
            index.add(np.ascontiguousarray(part, dtype=np.float32))
        faiss.write_index(index, str(path))
    except RuntimeError as error:
        raise OSError(f"{path}: the vector index cannot be written: {error}") from error


def _trained(segments: Sequence[Vectors], total: int) -> Any:
    import faiss

    dimension = segments[0].shape[1]
    width = next((w for w in ((4, 2) if dimension > 128 else (2,)) if dimension % w == 0), 1)
    index = faiss.index_factory(
        dimension, f"IVF{_LISTS},PQ{dimension // width}x4fs", faiss.METRIC_INNER_PRODUCT
    )
    step = max(1, total // _TRAINING)
    sample = np.concatenate([np.asarray(segment[::step]) for segment in segments])
    index.train(np.ascontiguousarray(sample, dtype=np.float32))
    return index


def _from_slot(segments: Sequence[Vectors], slot: int) -> Iterator[Vectors]:
    for segment in segments:
        for start in range(slot, len(segment), _CHUNK):
            yield segment[start : start + _CHUNK]
        slot = max(0, slot - len(segment))


def read_segment(path: Path, count: int, dimension: int) -> Vectors:
    """Map a segment into memory, shape (count, dimension); raises KnowledgeBaseCorrupt for another size."""
    try:
        if path.stat().st_size != count * dimension * 4:
            raise KnowledgeBaseCorrupt(f"{path}: expected {count} vectors of {dimension}")
        found: Vectors = np.memmap(path, dtype="<f4", mode="r", shape=(count, dimension))
    except (OSError, ValueError) as error:
        raise KnowledgeBaseCorrupt(f"{path}: cannot be read: {error}") from error
    return found


class VectorLeg:
    """Searches the vectors of one generation. Safe to share between threads."""

    def __init__(
        self, folder: Path, segments: Sequence[Segment], slots: NDArray[np.int64], dimension: int
    ) -> None:
        """Open the segments; ``slots`` of shape (n,) says where each row's vector lies."""
        import faiss

        self._faiss: Any = faiss
        self.dimension = dimension
        self.segments = [read_segment(folder / name, count, dimension) for name, count in segments]
        self._starts = np.cumsum([0, *(count for _, count in segments)])
        self._slots = slots
        self._read = 0
        total = int(self._starts[-1])
        if len(slots) and (slots.min() < 0 or slots.max() >= total):
            raise KnowledgeBaseCorrupt(
                f"{folder}: rows name slots up to {slots.max()}, but there are {total} vectors"
            )
        self._near: Any = None
        self._masks: list[tuple[NDArray[np.bool_] | None, Any, int]] = []
        if (folder / NEAR).exists():
            self._open_near(folder / NEAR, total)
        else:
            self._flat: Any = faiss.IndexFlatIP(dimension)
            for start in range(0, len(slots), _CHUNK):
                self._flat.add(self._at(slots[start : start + _CHUNK]))
            held = faiss.rev_swig_ptr(self._flat.get_xb(), len(slots) * dimension)
            self._held: Vectors = held.reshape(len(slots), dimension)  # what the index holds, row for row

    def _open_near(self, path: Path, total: int) -> None:
        try:
            self._near = self._faiss.read_index(str(path))
        except RuntimeError as error:
            raise KnowledgeBaseCorrupt(f"{path}: the vector index cannot be read: {error}") from error
        if self._near.ntotal != total or self._near.d != self.dimension:
            raise KnowledgeBaseCorrupt(
                f"{path}: holds {self._near.ntotal} vectors of {self._near.d}, expected {total} of {self.dimension}"
            )
        self._row_of = np.full(total, -1, dtype=np.int32)
        self._row_of[self._slots] = np.arange(len(self._slots), dtype=np.int32)

    def search(
        self, query: NDArray[np.float32], *, limit: int, among: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """Return ``(row, cosine)`` of the best rows, best first.

        ``query`` has shape (d,); ``among`` of shape (n,) says which rows may be found (None: all).
        """
        limit = min(limit, len(self._slots))
        if limit < 1 or not query.any():
            return []
        self._faiss.omp_set_num_threads(
            1
        )  # for this thread: a query gains nothing by waiting for other cores
        if self._near is not None:
            return self._search_near(query, limit, among)
        parameters: Any = None
        if among is not None and not among.all():
            bits = np.packbits(among, bitorder="little")
            selector = self._faiss.IDSelectorBitmap(len(among), self._faiss.swig_ptr(bits))
            parameters = self._faiss.SearchParameters(sel=selector)
        scores, rows = self._flat.search(query[None, :], limit, params=parameters)
        return [(int(r), float(s)) for r, s in zip(rows[0], scores[0], strict=True) if r >= 0]

    def exact(
        self, query: NDArray[np.float32], *, limit: int, among: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """Like :meth:`search`, comparing with every vector whatever their number."""
        rows = np.arange(len(self._slots)) if among is None else np.flatnonzero(among)
        scores = np.concatenate(
            [np.zeros(0, np.float32)]
            + [self.scores(query, rows[start : start + _CHUNK]) for start in range(0, len(rows), _CHUNK)]
        )
        order = np.lexsort((rows, -scores))[:limit]
        return [(int(rows[i]), float(scores[i])) for i in order]

    def _search_near(
        self, query: NDArray[np.float32], limit: int, among: NDArray[np.bool_] | None
    ) -> list[tuple[int, float]]:
        bits, allowed = self._mask(among)
        if allowed <= _EXACT_AMONG:
            return self.exact(query, limit=limit, among=among)
        selector = (
            None if bits is None else self._faiss.IDSelectorBitmap(bits.size * 8, self._faiss.swig_ptr(bits))
        )
        parameters = self._faiss.SearchParametersIVF(sel=selector, nprobe=_LISTS)
        candidates = max(limit * _CANDIDATES, _FEWEST_CANDIDATES)
        _, slots = self._near.search(query[None, :], candidates, params=parameters)
        rows = self._row_of[slots[0][slots[0] >= 0]]
        scores = self.scores(query, rows)
        order = np.lexsort((rows, -scores))[:limit]
        return [(int(rows[i]), float(scores[i])) for i in order]

    def _mask(self, among: NDArray[np.bool_] | None) -> tuple[Any, int]:
        """Return which slots may be found, as bits (None: all), and how many; the last masks are kept."""
        for known, bits, allowed in self._masks:
            if known is among:
                return bits, allowed
        rows = np.arange(len(self._slots)) if among is None else np.flatnonzero(among)
        bits = None
        if len(rows) < len(self._row_of):
            mask = np.zeros(len(self._row_of), dtype=np.bool_)
            mask[self._slots[rows]] = True
            bits = np.packbits(mask, bitorder="little")
        self._masks = [(among, bits, len(rows)), *self._masks[:15]]
        return bits, len(rows)

    def scores(self, query: NDArray[np.float32], rows: Sequence[int] | NDArray[Any]) -> NDArray[np.float32]:
        """Return the cosine of ``query`` (shape (d,)) with each of ``rows``, shape (len(rows),)."""
        return self.gather(rows) @ query

    def gather(self, rows: Sequence[int] | NDArray[Any]) -> Vectors:
        """Return the stored vectors of ``rows``, float32 of shape (len(rows), d)."""
        wanted = np.asarray(rows, dtype=np.int64)
        return self._held[wanted] if self._near is None else self._at(self._slots[wanted])

    def _at(self, slots: NDArray[np.int64]) -> Vectors:
        found = np.empty((len(slots), self.dimension), dtype=np.float32)
        homes = np.searchsorted(self._starts, slots, side="right") - 1
        for number in np.unique(homes):
            here = homes == number
            found[here] = self.segments[number][slots[here] - self._starts[number]]
        self._read += len(slots)
        if self._read > _GIVEN_BACK_AFTER:
            self._read = 0
            for segment in self.segments:
                _give_back(segment)
        return found


def _give_back(mapped: Vectors) -> None:
    """Tell the system that the pages of a mapped file are not needed for now; they stay in its cache."""
    held = getattr(mapped, "_mmap", None)
    if held is not None and hasattr(mmap, "MADV_DONTNEED"):
        held.madvise(mmap.MADV_DONTNEED)
