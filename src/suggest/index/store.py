"""The entry store: every version of every entry that a kept generation uses, in one SQL database.

Versions are immutable and keyed by (entry id, content hash); a generation lists the keys it uses.
So a reader on an old generation and the writer of the next one never see each other's entries.
SQLite by default, through SQLAlchemy Core. Each row carries a checksum over all that it says.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Column,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from suggest.errors import InvalidRecord, KnowledgeBaseCorrupt, KnowledgeBaseError
from suggest.index.analysis import Parts, Terms, parts_of, text_hash
from suggest.index.store_tables import COUNTERS, METADATA, SEALED, VERSIONS, checksum_of, engine, row_of
from suggest.index.stores import About, Analyse, Link, Version
from suggest.records import Entry, entry_from_dict

FILE_NAME = "entries.sqlite"
_BATCH = 500  # keys in one SQL "IN" list
_ONE_BY_ONE = 10_000  # keys up to which rows are looked up, not picked from a pass over all
_RECENT = 2_000  # versions kept in memory; they are immutable
_READ = select(VERSIONS.c.key, VERSIONS.c.checksum, *(VERSIONS.c[name] for name in SEALED)).where(
    VERSIONS.c.key.in_(bindparam("keys", expanding=True))
)
"""Built once: every search runs it."""


class EntryStore:
    """Versions of entries by key. Reading is safe from many threads; writing from one."""

    def __init__(self, folder: Path, *, read_only: bool) -> None:
        """Open (and for writing create) the database in ``folder``."""
        self.path = folder / FILE_NAME
        self._read_only = read_only
        self._engine = engine(self.path, read_only=read_only)
        self._recent: dict[int, tuple[Version, int]] = {}
        self._lock = threading.Lock()
        if not read_only:
            with self._guarded():
                METADATA.create_all(self._engine)

    def close(self) -> None:
        """Release the database's files; a writer moves what is in SQLite's log to the database first."""
        if not self._read_only and self._engine.dialect.name == "sqlite":
            with suppress(SQLAlchemyError), self._engine.connect() as connection:
                alone = connection.execution_options(isolation_level="AUTOCOMMIT")
                alone.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Do several writes or none."""
        with self._guarded(), self._engine.begin() as connection:
            yield connection

    def add(
        self, entries: Sequence[Entry], analyse: Analyse, hashes: Sequence[str] | None = None
    ) -> list[int]:
        """Store entries, in one transaction, and return their keys in order.

        ``hashes`` are their content hashes where those stand for something else than the entry as it is stored.
        A version that is already there keeps its key; texts that are already there keep their terms. The
        others go through ``analyse`` together.
        """
        if not entries:
            return []
        hashes = [entry.content_hash for entry in entries] if hashes is None else hashes
        parts = [parts_of(entry) for entry in entries]
        texts = [text_hash(part) for part in parts]
        with self.transaction() as connection:
            present = self._present(connection, entries, hashes)
            fresh = [i for i in range(len(entries)) if present[i] is None]
            terms = self._terms(connection, {texts[i]: parts[i] for i in fresh}, analyse)
            first = self._reserve(connection, len(fresh))
            rows = [
                row_of(first + n, entries[i], hashes[i], texts[i], terms[texts[i]])
                for n, i in enumerate(fresh)
            ]
            if rows:
                connection.execute(insert(VERSIONS), rows)
        given = dict(zip(fresh, (int(row["key"]) for row in rows), strict=True))
        return [given[i] if key is None else key for i, key in enumerate(present)]

    def with_texts(self, text_hashes: Sequence[str]) -> list[tuple[int, str]]:
        """Return ``(key, text hash)`` of all versions with one of these texts."""
        c = VERSIONS.c
        found: list[tuple[int, str]] = []
        with self._guarded(), self._engine.connect() as connection:
            for start in range(0, len(text_hashes), _BATCH):
                part = text_hashes[start : start + _BATCH]
                query = select(c.key, c.text_hash).where(c.text_hash.in_(part))
                found += [(int(row[0]), str(row[1])) for row in connection.execute(query)]
        return found

    def links(self, kind: Link) -> list[tuple[int, str]]:
        """Return ``(key, entry id)`` of all versions that name another entry in the field ``kind``."""
        c = VERSIONS.c
        with self._guarded(), self._engine.connect() as connection:
            query = select(c.key, c[kind]).where(c[kind].is_not(None))
            return [(int(row[0]), str(row[1])) for row in connection.execute(query)]

    def identities(self, keys: Iterable[int] | NDArray[np.int64]) -> Iterator[tuple[int, str, str]]:
        """Yield ``(key, entry id, content hash)`` for keys that exist, in any order."""
        c = VERSIONS.c
        for row in self._about(keys, c.key, c.entry_id, c.content_hash):  # an index holds all three
            yield row[0], row[1], row[2]

    def about(self, keys: Iterable[int] | NDArray[np.int64]) -> Iterator[About]:
        """Yield what a generation needs to know of the keys that exist, ascending by key."""
        c = VERSIONS.c
        columns: tuple[Column[Any], ...] = (
            c.key, c.entry_id, c.content_hash, c.text_hash, c.kind, c.tenant, c.valid_from, c.valid_until,
            c.supersedes, c.checksum,
        )  # fmt: skip
        for row in self._about(keys, *columns, order=c.key):
            yield About(*row)

    def _about(
        self,
        keys: Iterable[int] | NDArray[np.int64],
        *columns: Column[Any],
        order: Column[Any] | None = None,
    ) -> Iterator[Any]:
        """Yield the rows of ``keys``: one by one when they are few, else in one pass over the table."""
        wanted = np.unique(np.asarray(list(keys) if not isinstance(keys, np.ndarray) else keys, np.int64))
        if len(wanted) <= _ONE_BY_ONE:
            yield from sorted(self._by_key(wanted.tolist(), *columns), key=lambda row: int(row[0]))
            return
        query = select(*columns).order_by(order)
        with self._guarded(), self._engine.connect() as connection:
            found = connection.execution_options(yield_per=10_000).execute(query)
            for part in found.partitions(10_000):
                here = np.fromiter((row[0] for row in part), np.int64, len(part))
                place = np.minimum(np.searchsorted(wanted, here), len(wanted) - 1)
                for row, use in zip(part, (wanted[place] == here).tolist(), strict=True):
                    if use:
                        yield row

    def versions(self, keys: Sequence[int], checksums: Sequence[int] | None = None) -> list[Version]:
        """Return what is stored under ``keys``, in the order given.

        Raises KnowledgeBaseCorrupt for a version that is missing, altered, or not the one of ``checksums``.
        """
        with self._lock:
            found = {key: self._recent[key] for key in keys if key in self._recent}
        fresh = self._read([key for key in dict.fromkeys(keys) if key not in found])
        with self._lock:
            self._recent.update(fresh)
            while len(self._recent) > _RECENT:
                del self._recent[next(iter(self._recent))]
        found |= fresh
        for key, checksum in zip(keys, checksums or (), strict=False):
            if found[key][1] != checksum:
                raise KnowledgeBaseCorrupt(
                    f"{self.path}: entry version {key} is not the one that the generation was built with; "
                    "restore the file, or sync the sources into a new folder"
                )
        return [found[key][0] for key in keys]

    def _read(self, keys: Sequence[int]) -> dict[int, tuple[Version, int]]:
        fresh: dict[int, tuple[Version, int]] = {}
        for key, checksum, *said in self._rows(keys, _READ):
            if checksum_of(said) != checksum:
                raise KnowledgeBaseCorrupt(
                    f"{self.path}: entry version {key} differs from its checksum; restore the file, or sync the "
                    "sources into a new folder"
                )
            fresh[int(key)] = Version(_entry(self.path, said[2]), Terms(*said[3:])), checksum
        for key in keys:
            if key not in fresh:
                raise KnowledgeBaseCorrupt(
                    f"{self.path}: entry version {key} is missing; sync the sources again to rebuild it"
                )
        return fresh

    def terms(self, keys: Sequence[int]) -> list[Terms]:
        """Return only the index terms, in the order given."""
        c = VERSIONS.c
        found = {
            int(row[0]): Terms(row[1], row[2], row[3])
            for row in self._by_key(keys, c.key, c.title_terms, c.body_terms, c.body_read)
        }
        return [found[key] for key in keys]

    def remember_nothing(self) -> None:
        """Forget the versions kept in memory."""
        with self._lock:
            self._recent.clear()

    def keep_only(self, keys: NDArray[np.int64]) -> int:
        """Delete versions that no kept generation uses; return how many went."""
        with self.transaction() as connection:
            cursor = connection.execute(select(VERSIONS.c.key)).cursor  # a million keys at a time
            rows = cursor.fetchall() if cursor is not None else []
            present = np.fromiter((row[0] for row in rows), np.int64, len(rows))
            kept = np.unique(keys)
            place = np.minimum(np.searchsorted(kept, present), len(kept) - 1)
            unused = present[kept[place] != present] if len(kept) else present
            for start in range(0, len(unused), _BATCH):
                part = [int(key) for key in unused[start : start + _BATCH]]
                connection.execute(delete(VERSIONS).where(VERSIONS.c.key.in_(part)))
        return len(unused)

    def erase(self, entry_ids: Sequence[str]) -> int:
        """Delete all versions of entries so that no byte of them stays in the files; return how many went."""
        with self.transaction() as connection:
            gone = 0
            for start in range(0, len(entry_ids), _BATCH):
                part = list(entry_ids[start : start + _BATCH])
                gone += connection.execute(delete(VERSIONS).where(VERSIONS.c.entry_id.in_(part))).rowcount
        self.compact()
        return int(gone)

    def compact(self) -> None:
        """Rewrite the files so that no byte of what was deleted stays; raises while a reader is at work."""
        self.remember_nothing()
        if self._engine.dialect.name == "sqlite":
            with self._guarded(), self._engine.connect() as connection:
                alone = connection.execution_options(isolation_level="AUTOCOMMIT")
                alone.execute(text("VACUUM"))
                busy = alone.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).one()[0]
            if busy:
                raise KnowledgeBaseError(
                    f"{self.path}: a reader is at work, so that deleted text may still stand in {self.path.name}-wal; "
                    "try again when it is done"
                )

    def problems(self) -> list[str]:
        """Hold the database and every row's checksum against what they say; return a line for each fault."""
        found = []
        try:
            with self._guarded(), self._engine.connect() as connection:
                if self._engine.dialect.name == "sqlite":
                    said = connection.execute(text("PRAGMA integrity_check(5)")).scalars().all()
                    found += [f"{self.path}: {line}" for line in said if line != "ok"]
                columns = (VERSIONS.c.key, VERSIONS.c.checksum, *(VERSIONS.c[name] for name in SEALED))
                rows = connection.execution_options(yield_per=2_000).execute(select(*columns))
                for key, checksum, *said in rows:
                    if checksum_of(said) != checksum:
                        found.append(f"{self.path}: entry version {key} differs from its checksum")
        except (KnowledgeBaseError, ValueError, UnicodeError) as error:
            found.append(str(error) if str(self.path) in str(error) else f"{self.path}: {error}")
        return found[:20]

    def _present(
        self, connection: Connection, entries: Sequence[Entry], hashes: Sequence[str]
    ) -> list[int | None]:
        known: dict[tuple[str, str], int] = {}
        c = VERSIONS.c
        for start in range(0, len(entries), _BATCH):
            ids = [entry.id for entry in entries[start : start + _BATCH]]
            query = select(c.key, c.entry_id, c.content_hash).where(c.entry_id.in_(ids))
            known |= {(row[1], row[2]): row[0] for row in connection.execute(query)}
        return [known.get((entry.id, digest)) for entry, digest in zip(entries, hashes, strict=True)]

    def _terms(self, connection: Connection, parts: dict[str, Parts], analyse: Analyse) -> dict[str, Terms]:
        """Return the terms of texts by their hash: from the store where it has them, else analysed."""
        found: dict[str, Terms] = {}
        hashes, c = list(parts), VERSIONS.c
        for start in range(0, len(hashes), _BATCH):
            query = select(c.text_hash, c.title_terms, c.body_terms, c.body_read).where(
                c.text_hash.in_(hashes[start : start + _BATCH])
            )
            found |= {row[0]: Terms(*row[1:]) for row in connection.execute(query)}
        fresh = [digest for digest in hashes if digest not in found]
        return found | dict(zip(fresh, analyse([parts[digest] for digest in fresh]), strict=True))

    @staticmethod
    def _reserve(connection: Connection, count: int) -> int:
        """Return the first of ``count`` keys that were never used."""
        c = COUNTERS.c
        last = connection.execute(select(c.value).where(c.name == "last_key")).scalar_one_or_none()
        if last is None:
            last = connection.execute(select(func.max(VERSIONS.c.key))).scalar_one() or 0
            connection.execute(insert(COUNTERS).values(name="last_key", value=last))
        connection.execute(update(COUNTERS).where(c.name == "last_key").values(value=int(last) + count))
        return int(last) + 1

    def _by_key(self, keys: Iterable[int], *columns: Column[Any]) -> Iterator[Any]:
        return self._rows(keys, select(*columns).where(VERSIONS.c.key.in_(bindparam("keys", expanding=True))))

    def _rows(self, keys: Iterable[int], query: Select[Any]) -> Iterator[Any]:
        """Yield what ``query`` finds of ``keys``, so many at a time."""
        wanted = [int(key) for key in keys]
        if not wanted:
            return
        with self._guarded(), self._engine.connect() as connection:
            for start in range(0, len(wanted), _BATCH):
                yield from connection.execute(query, {"keys": wanted[start : start + _BATCH]}).all()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, UnicodeDecodeError) as error:
            cause = getattr(error, "orig", None) or error
            hint = "; the disk failed, or may not be written to" if "readonly" in str(cause) else ""
            raise KnowledgeBaseError(f"{self.path}: the entry store failed: {cause}{hint}") from error


def _entry(path: Path, payload: str) -> Entry:
    try:
        return entry_from_dict(json.loads(payload))
    except (ValueError, InvalidRecord) as error:
        raise KnowledgeBaseCorrupt(f"{path}: a stored entry cannot be read: {error}") from error
