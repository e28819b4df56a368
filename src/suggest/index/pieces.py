"""The word pieces of entries, for late interaction: a database beside the entry store for each model that gives them.

``pieces-FINGERPRINT.sqlite`` holds a row for each version of an entry: its store ``key``, the ``version`` (the checksum
of what the store has under that key, so that pieces of other entries are never taken for these), the ``pieces`` (int8, row
after row) and their CRC-32. A row changes only when a sync mends it; a generation's rows are there before it becomes live.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    bindparam,
    insert,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from suggest.errors import KnowledgeBaseCorrupt, KnowledgeBaseError
from suggest.index import generation as generations
from suggest.index.embedding import Embedder
from suggest.index.late import Packed, late_interaction
from suggest.index.manifest import read_manifest
from suggest.index.store_tables import engine
from suggest.index.stores import Store

_PREFIX = "pieces-"
_METADATA = MetaData()
_PIECES = Table(
    "pieces",
    _METADATA,
    Column("key", Integer, primary_key=True, autoincrement=False),
    Column("version", BigInteger, nullable=False),
    Column("pieces", LargeBinary, nullable=False),
    Column("crc", BigInteger, nullable=False),
)
_READ = select(_PIECES).where(_PIECES.c.key.in_(bindparam("keys", expanding=True)))
"""Built once: every search runs it."""
_BATCH = 500
_RECENT = 2_000  # versions whose pieces are kept in memory, some 8 KB each; they are immutable


class PieceStore:
    """The pieces that one model made. Reading is safe from many threads; writing from one."""

    def __init__(self, kb: Path, fingerprint: str, width: int, *, read_only: bool) -> None:
        """Open the database for the model ``fingerprint``; for writing make it when it is absent."""
        self.path = _path(kb, fingerprint)
        self._width = width
        self._engine = engine(self.path, read_only=read_only)
        self._recent: dict[tuple[int, int], Packed] = {}
        self._lock = threading.Lock()
        if not read_only:
            with self._guarded():
                _METADATA.create_all(self._engine)

    def close(self) -> None:
        """Release the database's files, and forget what was read."""
        with self._lock:
            self._recent.clear()
        with suppress(SQLAlchemyError):
            self._engine.dispose()

    def add(self, keys: Sequence[int], versions: Sequence[int], pieces: Sequence[Packed]) -> None:
        """Store the pieces of versions, all or none; durable on return."""
        rows = [
            {"key": key, "version": version, "pieces": data, "crc": zlib.crc32(data)}
            for key, version, made in zip(keys, versions, pieces, strict=True)
            for data in [np.ascontiguousarray(made, np.int8).tobytes()]
        ]
        if rows:
            with self._guarded(), self._engine.begin() as connection:
                connection.execute(insert(_PIECES).prefix_with("OR REPLACE"), rows)

    def copy(self, sources: Sequence[int], keys: Sequence[int], versions: Sequence[int]) -> None:
        """Store the pieces of ``sources`` for ``keys`` too: versions with the same text."""
        with self._guarded(), self._engine.begin() as connection:
            for source, key, version in zip(sources, keys, versions, strict=True):
                connection.exec_driver_sql(
                    "INSERT OR REPLACE INTO pieces SELECT ?, ?, pieces, crc FROM pieces WHERE key = ?",
                    (key, version, source),
                )

    def lacking(self, keys: NDArray[np.int64], versions: NDArray[np.int64]) -> list[int]:
        """Return those of ``keys`` that have no pieces, or another version's; in the order given."""
        with self._guarded(), self._engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT key, version FROM pieces")
            held: dict[int, int] = {row[0]: row[1] for row in rows}
        said = zip(keys.tolist(), versions.tolist(), strict=True)
        return [key for key, version in said if held.get(key) != version]

    def of(self, keys: Sequence[int], versions: Sequence[int]) -> list[Packed]:
        """Return the pieces of versions, each of shape (n, w), in the order given.

        Raises KnowledgeBaseCorrupt for those that are missing, altered, or of another version.
        """
        wanted = list(zip(keys, versions, strict=True))
        with self._lock:
            held = {each: self._recent[each] for each in wanted if each in self._recent}
        fresh = self._read([each for each in dict.fromkeys(wanted) if each not in held])
        with self._lock:
            self._recent |= fresh
            while len(self._recent) > _RECENT:
                del self._recent[next(iter(self._recent))]
        held |= fresh
        return [held[each] for each in wanted]

    def _read(self, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Packed]:
        rows: list[Any] = []
        if wanted:
            with self._guarded(), self._engine.connect() as connection:
                for start in range(0, len(wanted), _BATCH):
                    part = [key for key, _ in wanted[start : start + _BATCH]]
                    rows += connection.execute(_READ, {"keys": part}).all()
        found = {key: said for key, *said in rows}
        made: dict[tuple[int, int], Packed] = {}
        for key, version in wanted:
            said, data, crc = found.get(key, (None, b"", 0))
            if said != version or zlib.crc32(data) != crc or len(data) % self._width:
                what = "are missing" if said is None else "differ from their checksum"
                raise KnowledgeBaseCorrupt(
                    f"{self.path}: the word pieces of entry version {key} {what}; delete the file and sync the sources "
                    "again, which makes it anew"
                )
            made[key, version] = np.frombuffer(data, np.int8).reshape(-1, self._width)
        return made

    def problems(self) -> list[str]:
        """Hold every row against its checksum; return a line for each fault."""
        try:
            with self._guarded(), self._engine.connect() as connection:
                said = connection.execute(text("PRAGMA integrity_check(5)")).scalars().all()
                found = [f"{self.path}: {line}" for line in said if line != "ok"]
                rows = connection.execution_options(yield_per=500).execute(_PIECES.select())
                found += [
                    f"{self.path}: the word pieces of entry version {row.key} differ from their checksum"
                    for row in rows
                    if zlib.crc32(row.pieces) != row.crc
                ]
        except KnowledgeBaseError as error:
            return [str(error)]
        return found[:20]

    def keep_only(self, keys: NDArray[np.int64], *, compact: bool) -> None:
        """Delete the pieces of all other versions; ``compact`` leaves no byte of them in the files."""
        with self._guarded():
            with self._engine.begin() as connection:
                self._delete(connection, keys)
            if compact:
                with self._engine.connect() as connection:
                    alone = connection.execution_options(isolation_level="AUTOCOMMIT")
                    alone.execute(text("VACUUM"))
                    if alone.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]:
                        raise KnowledgeBaseError(
                            f"{self.path}: a reader is at work, so that what was deleted may still stand in "
                            f"{self.path.name}-wal; try again when it is done"
                        )

    @staticmethod
    def _delete(connection: Connection, keys: NDArray[np.int64]) -> None:
        held = np.array([row[0] for row in connection.exec_driver_sql("SELECT key FROM pieces")], np.int64)
        unused = held[~np.isin(held, keys)].tolist()
        for start in range(0, len(unused), _BATCH):
            connection.execute(_PIECES.delete().where(_PIECES.c.key.in_(unused[start : start + _BATCH])))

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise KnowledgeBaseError(
                f"{self.path}: the word pieces cannot be used: {cause}; where the file is damaged or gone, delete it and "
                "sync the sources again, which makes it anew"
            ) from error


def keep_used(kb: Path, store: Store, *, compact: bool = False) -> None:
    """Delete what no kept generation uses: versions, their pieces, and the pieces of other models."""
    keys = generations.keys_in_use(kb)
    store.keep_only(keys)
    used = _widths(kb)
    for path in kb.glob(f"{_PREFIX}*.sqlite"):
        if path.name not in used:
            for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
                each.unlink(missing_ok=True)
            continue
        fingerprint, width = used[path.name]
        pieces = PieceStore(kb, fingerprint, width, read_only=False)
        try:
            pieces.keep_only(keys, compact=compact)
        finally:
            pieces.close()


def piece_store(kb: Path, embedder: Embedder) -> PieceStore | None:
    """Open the pieces that ``embedder`` makes, for writing; None when it makes none."""
    late = late_interaction(embedder)
    return None if late is None else PieceStore(kb, late.fingerprint, late.piece_width, read_only=False)


def opened(kb: Path, generation: generations.Generation) -> PieceStore | None:
    """Open the pieces of a generation's model for reading; None when it has none."""
    model = generation.manifest["model"]
    if not model.get("piece_width"):
        return None
    return PieceStore(kb, model["fingerprint"], model["piece_width"], read_only=True)


def _widths(kb: Path) -> dict[str, tuple[str, int]]:
    """Return fingerprint and width of the models of kept generations with pieces, by the name of their file."""
    found = {}
    for number in generations.kept_numbers(kb):
        with suppress(KnowledgeBaseError, OSError):
            model = read_manifest(generations.folder_of(kb, number))["model"]
            if model.get("piece_width"):
                found[_path(kb, model["fingerprint"]).name] = model["fingerprint"], model["piece_width"]
    return found


def _path(kb: Path, fingerprint: str) -> Path:
    return kb / f"{_PREFIX}{fingerprint[:16]}.sqlite"
