"""Vectors that were made but belong to no generation yet, so that a sync that was killed goes on where it stopped.

Two files in ``pending/`` for each model: ``NAME.f32`` holds vectors, and becomes a segment of the next generation
as it is; ``NAME.keys`` says in blocks of ``count int64, CRC-32 of the vectors int64, keys int64 × count`` whose they
are. A block counts only with its vectors, so a tail that was cut off is ignored.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from suggest.index.embedding import Vectors
from suggest.understand.masking import MASKING_VERSION

FOLDER = "pending"


class Spool:
    """Appends vectors by store key; for one writer at a time."""

    def __init__(self, kb: Path, fingerprint: str, dimension: int) -> None:
        """Open the vectors left by a sync that did not come to its end; raises OSError."""
        folder = kb / FOLDER
        folder.mkdir(exist_ok=True)
        self.path = _path(kb, fingerprint)
        self._keys_path = self.path.with_suffix(".keys")
        self._dimension = dimension
        for path in folder.iterdir():
            if path.stem != self.path.stem:  # of another model, given up
                path.unlink()
        if self.path.exists() and self.path.stat().st_nlink > 1:  # already a segment of a generation
            discard(kb, fingerprint)
        self.slot_of = self._recover()
        """Store key → position of its vector in the file."""
        self._vectors = self.path.open("ab")
        self._keys = self._keys_path.open("ab")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the files, keeping them."""
        self._vectors.close()
        self._keys.close()

    def __len__(self) -> int:
        """Return the number of vectors in the file."""
        return self._count

    def append(self, keys: NDArray[np.int64], vectors: Vectors) -> None:
        """Add vectors, shape (len(keys), dimension); raises OSError."""
        data = np.ascontiguousarray(vectors, dtype="<f4").tobytes()
        self._vectors.write(data)
        self._vectors.flush()
        head = np.array([len(keys), zlib.crc32(data)], dtype="<i8")
        self._keys.write(head.tobytes() + keys.astype("<i8").tobytes())
        self._keys.flush()
        self._note(keys)

    def sync(self) -> None:
        """Force the vectors to disk."""
        os.fsync(self._vectors.fileno())

    def _note(self, keys: NDArray[np.int64]) -> None:
        self.slot_of.update(zip(map(int, keys), range(self._count, self._count + len(keys)), strict=True))
        self._count += len(keys)

    def _recover(self) -> dict[int, int]:
        self.slot_of, self._count = {}, 0
        good = 0
        if self.path.exists() and self._keys_path.exists():
            blocks = np.frombuffer(
                self._keys_path.read_bytes()[: self._keys_path.stat().st_size // 8 * 8], "<i8"
            )
            with self.path.open("rb") as file:
                while good + 2 <= len(blocks):
                    count, checksum = int(blocks[good]), int(blocks[good + 1])
                    keys = blocks[good + 2 : good + 2 + max(0, count)]
                    data = file.read(max(0, count) * self._dimension * 4)
                    whole = len(keys) == count > 0 and len(data) == count * self._dimension * 4
                    if not whole or zlib.crc32(data) != checksum:
                        break
                    self._note(keys)
                    good += 2 + count
        for path, size in ((self.path, self._count * self._dimension * 4), (self._keys_path, good * 8)):
            with path.open("ab") as file:
                file.truncate(size)
        return self.slot_of


def discard(kb: Path, fingerprint: str) -> None:
    """Delete the files of a model; a segment made of them stays."""
    path = _path(kb, fingerprint)
    path.unlink(missing_ok=True)
    path.with_suffix(".keys").unlink(missing_ok=True)


def _path(kb: Path, fingerprint: str) -> Path:
    made_by = f"{fingerprint} {MASKING_VERSION}"  # other rules of masking make other texts
    return kb / FOLDER / f"{hashlib.sha256(made_by.encode()).hexdigest()[:32]}.f32"
