"""The console's own file: users, sessions and what happened. Decisions are in the ledger, not here.

One SQLite file beside the entries (``console.sqlite``, readable by its owner only). Passwords and tokens are
kept as hashes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Engine,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.exc import SQLAlchemyError

from suggest.errors import FormatVersionError, KnowledgeBaseError

FILE_NAME = "console.sqlite"
FORMAT = 1

metadata = MetaData()
format_version = Table("format_version", metadata, Column("version", Integer, primary_key=True))
users = Table(
    "users",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("role", String(20), nullable=False),
    Column("tenant", String(200), nullable=False),
    Column("password_hash", String(300)),  # argon2id; NULL: comes in through a proxy only
    Column("token_hash", String(64), index=True, unique=True),  # SHA-256 of the API token
    Column("active", Integer, nullable=False, default=1),
    Column("created_at", Float, nullable=False),  # seconds since 1970
)
sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),  # SHA-256 of the cookie
    Column("user", String(100), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_at", Float, nullable=False),
    Column("seen_at", Float, nullable=False),
)
events = Table(
    "events",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("at", Float, nullable=False),
    Column("tenant", String(200), nullable=False, index=True),
    Column("user", String(200), nullable=False),
    Column("action", String(40), nullable=False),
    Column("detail", Text, nullable=False),
    Column("address", String(64), nullable=False),
)


def open_store(folder: Path) -> Engine:
    """Open the console's file in a knowledge base's folder, made when absent."""
    if not folder.is_dir():
        raise KnowledgeBaseError(f"{folder}: no such folder; make a knowledge base there with 'suggest sync'")
    path = folder / FILE_NAME
    try:
        path.touch(mode=0o600)
        engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 30})
        event.listen(engine, "connect", _pragmas)
        metadata.create_all(engine)
        with engine.begin() as connection:
            found = connection.scalar(select(format_version.c.version))
            if found is None:
                connection.execute(insert(format_version).values(version=FORMAT))
    except (OSError, SQLAlchemyError) as error:
        raise KnowledgeBaseError(f"{path}: cannot be opened: {error}") from error
    if found not in (None, FORMAT):
        raise FormatVersionError(f"{path}: written in format {found}, this version reads {FORMAT}")
    return engine


def _pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
