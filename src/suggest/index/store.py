"""The entry store: every version of every entry that a kept generation uses, in one SQL database.

Versions are immutable and keyed by (entry id, content hash); a generation lists the keys it uses.
So a reader on an old generation and the writer of the next one never see each other's entries.
SQLite by default, through SQLAlchemy Core. Each row carries a checksum over all that it says.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from suggest.errors import InvalidRecord, KnowledgeBaseCorrupt, KnowledgeBaseError
from suggest.index.analysis import Parts, Terms, embedding_text, parts_of, text_hash
from suggest.index.stores import About, Analyse, Link, Version
from suggest.records import Entry, entry_from_dict

__all__ = ["FILE_NAME", "EntryStore", "Terms", "Version", "embedding_text"]

FILE_NAME = "entries.sqlite"
_BATCH = 500  # keys in one SQL "IN" list
_ONE_BY_ONE = 10_000  # keys up to which rows are looked up, not picked from a pass over all
_RECENT = 2_000  # versions kept in memory; they are immutable

_metadata = MetaData()
_versions = Table(
    "entry_versions",
    _metadata,
    Column("key", Integer, primary_key=True, autoincrement=False),
    Column("entry_id", String(200), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("text_hash", String(32), nullable=False, index=True),  # the key of the token cache
    Column("kind", String(8), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("valid_from", Integer),  # days, proleptic ordinal; NULL: since ever
    Column("valid_until", Integer),
    Column("supersedes", String(200)),
    Column("resolves_with", String(200)),  # of a case: the article it was answered with
    Column("payload", Text, nullable=False),  # the entry as JSON
    Column("title_terms", Text, nullable=False),  # space-joined
    Column("body_terms", Text, nullable=False),
    Column("body_read", Integer, nullable=False),  # so many of them the vector leg reads
    Column("checksum", BigInteger, nullable=False),  # first 8 bytes of SHA-256 over the row, signed
    UniqueConstraint("entry_id", "content_hash"),
)
for _link in (_versions.c.supersedes, _versions.c.resolves_with):
    Index(f"with_{_link.name}", _link, sqlite_where=_link.is_not(None))
_counters = Table(
    "counters",
    _metadata,
    Column("name", String(40), primary_key=True),
    Column("value", Integer, nullable=False),
)
_SEALED = ("entry_id", "content_hash", "payload", "title_terms", "body_terms", "body_read")


class EntryStore:
    """Versions of entries by key. Reading is safe from many threads; writing from one."""

    def __init__(self, folder: Path, *, read_only: bool) -> None:
        """Open (and for writing create) the database in ``folder``."""
        self.path = folder / FILE_NAME
        self._read_only = read_only
        self._engine = _engine(self.path, read_only=read_only)
        self._recent: dict[int, tuple[Version, int]] = {}
        self._lock = threading.Lock()
        if not read_only:
            with self._guarded():
                _metadata.create_all(self._engine)

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

    def add(self, entries: Sequence[Entry], analyse: Analyse) -> list[int]:
        """Store entries, in one transaction, and return their keys in order.

        A version that is already there keeps its key; texts that are already there keep their terms. The
        others go through ``analyse`` together.
        """
        if not entries:
            return []
        hashes = [entry.content_hash for entry in entries]
        parts = [parts_of(entry) for entry in entries]
        texts = [text_hash(part) for part in parts]
        with self.transaction() as connection:
            present = self._present(connection, entries, hashes)
            fresh = [i for i in range(len(entries)) if present[i] is None]
            terms = self._terms(connection, {texts[i]: parts[i] for i in fresh}, analyse)
            first = self._reserve(connection, len(fresh))
            rows = [
                _row(first + n, entries[i], hashes[i], texts[i], terms[texts[i]]) for n, i in enumerate(fresh)
            ]
            if rows:
                connection.execute(insert(_versions), rows)
        given = dict(zip(fresh, (int(row["key"]) for row in rows), strict=True))
        return [given[i] if key is None else key for i, key in enumerate(present)]

    def with_texts(self, text_hashes: Sequence[str]) -> list[tuple[int, str]]:
        """Return ``(key, text hash)`` of all versions with one of these texts."""
        c = _versions.c
        found: list[tuple[int, str]] = []
        with self._guarded(), self._engine.connect() as connection:
            for start in range(0, len(text_hashes), _BATCH):
                part = text_hashes[start : start + _BATCH]
                query = select(c.key, c.text_hash).where(c.text_hash.in_(part))
                found += [(int(row[0]), str(row[1])) for row in connection.execute(query)]
        return found

    def links(self, kind: Link) -> list[tuple[int, str]]:
        """Return ``(key, entry id)`` of all versions that name another entry in the field ``kind``."""
        c = _versions.c
        with self._guarded(), self._engine.connect() as connection:
            query = select(c.key, c[kind]).where(c[kind].is_not(None))
            return [(int(row[0]), str(row[1])) for row in connection.execute(query)]

    def identities(self, keys: Iterable[int] | NDArray[np.int64]) -> Iterator[tuple[int, str, str]]:
        """Yield ``(key, entry id, content hash)`` for keys that exist, in any order."""
        c = _versions.c
        for row in self._about(keys, c.key, c.entry_id, c.content_hash):  # an index holds all three
            yield row[0], row[1], row[2]

    def about(self, keys: Iterable[int] | NDArray[np.int64]) -> Iterator[About]:
        """Yield what a generation needs to know of the keys that exist, ascending by key."""
        c = _versions.c
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
        columns = (_versions.c.key, _versions.c.checksum, *(_versions.c[name] for name in _SEALED))
        fresh: dict[int, tuple[Version, int]] = {}
        for key, checksum, *said in self._by_key(keys, *columns):
            if _checksum(said) != checksum:
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
        c = _versions.c
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
            cursor = connection.execute(select(_versions.c.key)).cursor  # a million keys at a time
            rows = cursor.fetchall() if cursor is not None else []
            present = np.fromiter((row[0] for row in rows), np.int64, len(rows))
            kept = np.unique(keys)
            place = np.minimum(np.searchsorted(kept, present), len(kept) - 1)
            unused = present[kept[place] != present] if len(kept) else present
            for start in range(0, len(unused), _BATCH):
                part = [int(key) for key in unused[start : start + _BATCH]]
                connection.execute(delete(_versions).where(_versions.c.key.in_(part)))
        return len(unused)

    def erase(self, entry_ids: Sequence[str]) -> int:
        """Delete all versions of entries so that no byte of them stays in the files; return how many went."""
        with self.transaction() as connection:
            gone = 0
            for start in range(0, len(entry_ids), _BATCH):
                part = list(entry_ids[start : start + _BATCH])
                gone += connection.execute(delete(_versions).where(_versions.c.entry_id.in_(part))).rowcount
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
        return int(gone)

    def problems(self) -> list[str]:
        """Hold the database and every row's checksum against what they say; return a line for each fault."""
        found = []
        try:
            with self._guarded(), self._engine.connect() as connection:
                if self._engine.dialect.name == "sqlite":
                    said = connection.execute(text("PRAGMA integrity_check(5)")).scalars().all()
                    found += [f"{self.path}: {line}" for line in said if line != "ok"]
                columns = (_versions.c.key, _versions.c.checksum, *(_versions.c[name] for name in _SEALED))
                rows = connection.execution_options(yield_per=2_000).execute(select(*columns))
                for key, checksum, *said in rows:
                    if _checksum(said) != checksum:
                        found.append(f"{self.path}: entry version {key} differs from its checksum")
        except (KnowledgeBaseError, ValueError, UnicodeError) as error:
            found.append(str(error) if str(self.path) in str(error) else f"{self.path}: {error}")
        return found[:20]

    def _present(
        self, connection: Connection, entries: Sequence[Entry], hashes: Sequence[str]
    ) -> list[int | None]:
        known: dict[tuple[str, str], int] = {}
        c = _versions.c
        for start in range(0, len(entries), _BATCH):
            ids = [entry.id for entry in entries[start : start + _BATCH]]
            query = select(c.key, c.entry_id, c.content_hash).where(c.entry_id.in_(ids))
            known |= {(row[1], row[2]): row[0] for row in connection.execute(query)}
        return [known.get((entry.id, digest)) for entry, digest in zip(entries, hashes, strict=True)]

    def _terms(self, connection: Connection, parts: dict[str, Parts], analyse: Analyse) -> dict[str, Terms]:
        """Return the terms of texts by their hash: from the store where it has them, else analysed."""
        found: dict[str, Terms] = {}
        hashes, c = list(parts), _versions.c
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
        c = _counters.c
        last = connection.execute(select(c.value).where(c.name == "last_key")).scalar_one_or_none()
        if last is None:
            last = connection.execute(select(func.max(_versions.c.key))).scalar_one() or 0
            connection.execute(insert(_counters).values(name="last_key", value=last))
        connection.execute(update(_counters).where(c.name == "last_key").values(value=int(last) + count))
        return int(last) + 1

    def _by_key(self, keys: Iterable[int], *columns: Column[Any]) -> Iterator[Any]:
        wanted = [int(key) for key in keys]
        with self._guarded(), self._engine.connect() as connection:
            for start in range(0, len(wanted), _BATCH):
                part = wanted[start : start + _BATCH]
                yield from connection.execute(select(*columns).where(_versions.c.key.in_(part))).all()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, UnicodeDecodeError) as error:
            cause = getattr(error, "orig", None) or error
            raise KnowledgeBaseError(f"{self.path}: the entry store failed: {cause}") from error


def _row(key: int, entry: Entry, content_hash: str, texts: str, terms: Terms) -> dict[str, Any]:
    row = {
        "key": key,
        "entry_id": entry.id,
        "content_hash": content_hash,
        "text_hash": texts,
        "kind": entry.kind,
        "tenant": entry.tenant,
        "valid_from": entry.valid_from.toordinal() if entry.valid_from else None,
        "valid_until": entry.valid_until.toordinal() if entry.valid_until else None,
        "supersedes": entry.supersedes or None,
        "resolves_with": (entry.resolves_with or None) if entry.kind == "case" else None,
        "payload": json.dumps(entry.model_dump(mode="json"), ensure_ascii=False),
        "title_terms": terms.title,
        "body_terms": terms.body,
        "body_read": terms.read,
    }
    return row | {"checksum": _checksum([row[name] for name in _SEALED])}


def _checksum(said: Sequence[Any]) -> int:
    digest = hashlib.sha256()
    for value in said:
        data = str(value).encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return int.from_bytes(digest.digest()[:8], "little", signed=True)


def _entry(path: Path, payload: str) -> Entry:
    try:
        return entry_from_dict(json.loads(payload))
    except (ValueError, InvalidRecord) as error:
        raise KnowledgeBaseCorrupt(f"{path}: a stored entry cannot be read: {error}") from error


def _engine(path: Path, *, read_only: bool) -> Engine:
    if not read_only:
        engine = create_engine(f"sqlite:///{path}")

        @event.listens_for(engine, "connect")
        def _configure(connection: Any, _: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA secure_delete=ON")
            cursor.execute("PRAGMA cache_size=-65536")
            cursor.close()

        return engine
    # A folder that cannot be written cannot hold SQLite's shared-memory file either.
    mode = "mode=ro" if os.access(path.parent, os.W_OK) else "mode=ro&immutable=1"
    return create_engine(f"sqlite:///file:{_quoted(path)}?{mode}&uri=true")


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.resolve()))
