"""The entry store: every version of every entry that a kept generation uses, in one SQL database.

Versions are immutable and keyed by (entry id, content hash); a generation lists the keys it uses.
So a reader on an old generation and the writer of the next one never see each other's entries.
SQLite by default, through SQLAlchemy Core.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    delete,
    event,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from suggest.errors import InvalidRecord, KnowledgeBaseCorrupt, KnowledgeBaseError
from suggest.records import Entry, entry_from_dict
from suggest.text import tokens

FILE_NAME = "entries.sqlite"
_BATCH = 500  # keys in one SQL "IN" list
_RECENT = 2_000  # versions kept in memory; they are immutable

_metadata = MetaData()
_versions = Table(
    "entry_versions",
    _metadata,
    Column("key", Integer, primary_key=True, autoincrement=True),
    Column("entry_id", String(200), nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("payload", Text, nullable=False),  # the entry as JSON
    Column("title_terms", Text, nullable=False),  # space-joined, for the lexical leg
    Column("body_terms", Text, nullable=False),
    UniqueConstraint("entry_id", "content_hash"),
    sqlite_autoincrement=True,  # a key is never used twice
)


class Terms(NamedTuple):
    """The index terms of an entry, space-joined."""

    title: str
    body: str


class Version(NamedTuple):
    """An entry and its index terms, as stored; never changes."""

    entry: Entry
    terms: Terms


class EntryStore:
    """Versions of entries by key. Reading is safe from many threads; writing from one."""

    def __init__(self, folder: Path, *, read_only: bool) -> None:
        """Open (and for writing create) the database in ``folder``."""
        self.path = folder / FILE_NAME
        self._engine = _engine(self.path, read_only=read_only)
        self._recent: dict[int, Version] = {}
        self._lock = threading.Lock()
        if not read_only:
            with self._guarded():
                _metadata.create_all(self._engine)

    def close(self) -> None:
        """Release the database's files."""
        self._engine.dispose()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Do several writes or none."""
        with self._guarded(), self._engine.begin() as connection:
            yield connection

    def add(self, connection: Connection, entries: Sequence[Entry]) -> list[int]:
        """Store entries (analysed here, once) and return their keys in order.

        A version that is already there keeps its key.
        """
        keys: list[int] = []
        for entry in entries:
            content_hash = entry.content_hash
            found = connection.execute(
                select(_versions.c.key).where(
                    _versions.c.entry_id == entry.id, _versions.c.content_hash == content_hash
                )
            ).scalar_one_or_none()
            if found is None:
                terms = index_terms(entry)
                result = connection.execute(
                    insert(_versions).values(
                        entry_id=entry.id,
                        content_hash=content_hash,
                        payload=json.dumps(entry.model_dump(mode="json"), ensure_ascii=False),
                        title_terms=terms.title,
                        body_terms=terms.body,
                    )
                )
                found = int((result.inserted_primary_key or (0,))[0])
            keys.append(found)
        return keys

    def identities(self, keys: Iterable[int]) -> Iterator[tuple[int, str, str]]:
        """Yield ``(key, entry id, content hash)`` for keys that exist."""
        c = _versions.c
        for row in self._by_key(keys, c.key, c.entry_id, c.content_hash):
            yield int(row[0]), str(row[1]), str(row[2])

    def versions(self, keys: Sequence[int]) -> list[Version]:
        """Return what is stored under ``keys``, in the order given; a missing one is corruption."""
        with self._lock:
            found = {key: self._recent[key] for key in keys if key in self._recent}
        c = _versions.c
        wanted = [key for key in keys if key not in found]
        fresh = {
            int(row[0]): Version(_entry(row[1]), Terms(row[2], row[3]))
            for row in self._by_key(wanted, c.key, c.payload, c.title_terms, c.body_terms)
        }
        for key in wanted:
            if key not in fresh:
                raise KnowledgeBaseCorrupt(
                    f"{self.path}: entry version {key} is missing; sync the sources again to rebuild it"
                )
        with self._lock:
            self._recent.update(fresh)
            while len(self._recent) > _RECENT:
                del self._recent[next(iter(self._recent))]
        found |= fresh
        return [found[key] for key in keys]

    def keep_only(self, keys: set[int]) -> int:
        """Delete versions that no kept generation uses; return how many went."""
        with self.transaction() as connection:
            present = connection.execute(select(_versions.c.key)).scalars().all()
            unused = [key for key in present if key not in keys]
            for start in range(0, len(unused), _BATCH):
                part = unused[start : start + _BATCH]
                connection.execute(delete(_versions).where(_versions.c.key.in_(part)))
        return len(unused)

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
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise KnowledgeBaseError(f"{self.path}: the entry store failed: {cause}") from error


def index_terms(entry: Entry) -> Terms:
    """Analyse what an entry is found by: its question as title, its answer as body."""
    if entry.kind == "faq":
        question, answer = entry.title, [entry.body, entry.point, entry.reason, entry.example]
    else:
        question, answer = entry.inquiry, [entry.reply]
    answer += [entry.product, *entry.tags]
    return Terms(" ".join(tokens(question)), " ".join(tokens("\n".join(filter(None, answer)))))


def embedding_text(entry: Entry) -> str:
    """Return the text that stands for an entry in the vector leg."""
    if entry.kind == "faq":
        return "\n".join(filter(None, [entry.title, entry.body or entry.point]))
    return f"{entry.inquiry}\n{entry.reply}"


def _entry(payload: str) -> Entry:
    try:
        return entry_from_dict(json.loads(payload))
    except (ValueError, InvalidRecord) as error:
        raise KnowledgeBaseCorrupt(f"a stored entry cannot be read: {error}") from error


def _engine(path: Path, *, read_only: bool) -> Engine:
    if not read_only:
        engine = create_engine(f"sqlite:///{path}")

        @event.listens_for(engine, "connect")
        def _configure(connection: Any, _: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.close()

        return engine
    # A folder that cannot be written cannot hold SQLite's shared-memory file either.
    mode = "mode=ro" if os.access(path.parent, os.W_OK) else "mode=ro&immutable=1"
    return create_engine(f"sqlite:///file:{_quoted(path)}?{mode}&uri=true")


def _quoted(path: Path) -> str:
    from urllib.parse import quote

    return quote(str(path.resolve()))
