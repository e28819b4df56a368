"""The vector leg: exact inner-product search by FAISS. The only file that imports faiss.

Vectors are unit length, so the inner product is the cosine.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.errors import KnowledgeBaseCorrupt
from suggest.index.embedding import Vectors


def build(path: Path, vectors: Vectors) -> None:
    """Write an exact index of ``vectors`` (float32, shape (n, d)) to ``path``."""
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.ascontiguousarray(vectors, dtype=np.float32))
    faiss.write_index(index, str(path))


class VectorLeg:
    """Searches one immutable index file. Safe to share between threads."""

    def __init__(self, path: Path, *, rows: int, dimension: int) -> None:
        """Open the index and hold it against what the manifest says of it."""
        import faiss

        self._faiss: Any = faiss
        try:
            self._index: Any = faiss.read_index(str(path))
        except RuntimeError as error:
            raise KnowledgeBaseCorrupt(f"{path}: the vector index cannot be read: {error}") from error
        if self._index.ntotal != rows or self._index.d != dimension:
            raise KnowledgeBaseCorrupt(
                f"{path}: holds {self._index.ntotal} vectors of {self._index.d}, expected {rows} of {dimension}"
            )

    def search(
        self, query: NDArray[np.float32], *, limit: int, among: NDArray[np.bool_] | None = None
    ) -> list[tuple[int, float]]:
        """Return ``(row, cosine)`` of the best rows, best first.

        ``query`` has shape (d,); ``among`` of shape (n,) says which rows may be found (None: all).
        """
        limit = min(limit, self._index.ntotal)
        if limit < 1 or not query.any():
            return []
        parameters: Any = None
        if among is not None and not among.all():
            bits = np.packbits(among, bitorder="little")
            selector = self._faiss.IDSelectorBitmap(len(among), self._faiss.swig_ptr(bits))
            parameters = self._faiss.SearchParameters(sel=selector)
        scores, rows = self._index.search(query[None, :], limit, params=parameters)
        return [(int(r), float(s)) for r, s in zip(rows[0], scores[0], strict=True) if r >= 0]

    def scores(self, query: NDArray[np.float32], rows: Sequence[int]) -> NDArray[np.float32]:
        """Return the cosine of ``query`` (shape (d,)) with each of ``rows``, shape (len(rows),)."""
        return self.gather(rows) @ query

    def gather(self, rows: Sequence[int] | NDArray[np.int64]) -> Vectors:
        """Return the stored vectors of ``rows``, float32 of shape (len(rows), d)."""
        if not len(rows):
            return np.zeros((0, self._index.d), dtype=np.float32)
        found: Vectors = self._index.reconstruct_batch(np.asarray(rows, dtype=np.int64))
        return found
