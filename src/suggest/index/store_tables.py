"""The tables of the entry store, what a row says, and how its database is opened."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
)

from suggest.index.analysis import Terms
from suggest.records import Entry

METADATA = MetaData()
VERSIONS = Table(
    "entry_versions",
    METADATA,
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
for _link in (VERSIONS.c.supersedes, VERSIONS.c.resolves_with):
    Index(f"with_{_link.name}", _link, sqlite_where=_link.is_not(None))
COUNTERS = Table(
    "counters",
    METADATA,
    Column("name", String(40), primary_key=True),
    Column("value", Integer, nullable=False),
)
SEALED = ("entry_id", "content_hash", "payload", "title_terms", "body_terms", "body_read")


def row_of(key: int, entry: Entry, content_hash: str, texts: str, terms: Terms) -> dict[str, Any]:
    """Return the row of a version in :data:`VERSIONS`."""
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
    return row | {"checksum": checksum_of([row[name] for name in SEALED])}


def checksum_of(said: Sequence[Any]) -> int:
    """Return 64 bits, signed, over the columns :data:`SEALED` of a row, in that order."""
    digest = hashlib.sha256()
    for value in said:
        data = str(value).encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return int.from_bytes(digest.digest()[:8], "little", signed=True)


def engine(path: Path, *, read_only: bool) -> Engine:
    """Open the database ``path``; reading never writes beside it where the folder does not allow that."""
    if not read_only:
        made = create_engine(f"sqlite:///{path}")

        @event.listens_for(made, "connect")
        def _configure(connection: Any, _: Any) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA secure_delete=ON")
            cursor.execute("PRAGMA cache_size=-65536")
            cursor.close()

        return made
    # A folder that cannot be written cannot hold SQLite's shared-memory file either.
    mode = "mode=ro" if os.access(path.parent, os.W_OK) else "mode=ro&immutable=1"
    return create_engine(f"sqlite:///file:{quote(str(path.resolve()))}?{mode}&uri=true")
