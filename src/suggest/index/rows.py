"""The rows of a generation: what a search must know of an entry before it reads the entry. ``rows.npz``."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from suggest.errors import KnowledgeBaseCorrupt

NO_START = -(10**7)
NO_END = 10**7
"""Days (proleptic ordinals) that stand for "since ever" and "never" in :class:`Rows`."""

NO_ROW = -1


class Rows(NamedTuple):
    """One value an entry, in row order (sorted by entry id)."""

    key: NDArray[np.int64]
    tenant: NDArray[np.int32]
    """Index into the manifest's ``tenants``."""
    valid_from: NDArray[np.int32]
    valid_until: NDArray[np.int32]
    kind: NDArray[np.int8]
    """0 FAQ article, 1 resolved inquiry."""
    superseded_from: NDArray[np.int32]
    """Day from which another entry replaces this one."""
    slot: NDArray[np.int64]
    """Position of the vector in the segments."""
    checksum: NDArray[np.int64]
    """What the entry store must say of the version."""
    source: NDArray[np.int64]
    """Digest of the source row, shape (n, 2); zero where it is not known."""
    answered_by: NDArray[np.int32]
    """Row of the article that a resolved inquiry was answered with, or :data:`NO_ROW`."""


class Ids(NamedTuple):
    """The entry ids, row for row, packed."""

    text: NDArray[np.uint8]
    """All ids one after the other, UTF-8."""
    end: NDArray[np.int64]
    """Where each ends, in characters, shape (n,)."""

    def all(self) -> list[str]:
        """Return the ids."""
        text = self.text.tobytes().decode("utf-8", "surrogatepass")
        ends = self.end.tolist()
        return [text[start:end] for start, end in zip([0, *ends], ends, strict=False)]

    def row_of(self, entry_id: str) -> int | None:
        """Return the row of an entry, if there is one."""
        text = self.text.tobytes().decode("utf-8", "surrogatepass")

        def named(row: int) -> str:
            return text[int(self.end[row - 1]) if row else 0 : int(self.end[row])]

        row = bisect_left(range(len(self.end)), entry_id, key=named)
        return row if row < len(self.end) and named(row) == entry_id else None

    def some(self, rows: NDArray[np.int64]) -> list[str]:
        """Return the ids of some rows."""
        ids = self.all() if len(rows) else []
        return [ids[row] for row in rows.tolist()]


def packed(ids: Sequence[str]) -> Ids:
    """Pack entry ids."""
    text = np.frombuffer("".join(ids).encode("utf-8", "surrogatepass"), np.uint8)
    return Ids(text, np.cumsum(np.fromiter(map(len, ids), np.int64, len(ids))))


def write(path: Path, rows: dict[str, Any], ids: Sequence[str]) -> None:
    """Write the columns of :class:`Rows`, and the ids."""
    text, end = packed(ids)
    np.savez(path, allow_pickle=False, **rows, id_text=text, id_end=end)


def read(path: Path) -> tuple[Rows, Ids]:
    """Read them; raises KnowledgeBaseCorrupt."""
    try:
        with np.load(path, allow_pickle=False) as columns:
            rows = Rows(*(columns[name] for name in Rows._fields))
            return rows, Ids(columns["id_text"], columns["id_end"])
    except (OSError, ValueError, KeyError) as error:
        raise KnowledgeBaseCorrupt(f"{path}: cannot be read: {error}") from error


def read_keys(path: Path) -> NDArray[np.int64]:
    """Read the store keys alone; raises OSError, ValueError, KeyError."""
    with np.load(path, allow_pickle=False) as columns:
        keys: NDArray[np.int64] = columns["key"]
        return keys
