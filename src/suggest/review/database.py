"""The database that the ledger and the queue live in: ``review.sqlite`` in the folder, or PostgreSQL.

A write is on disk when its transaction has ended (SQLite: WAL with ``synchronous=FULL``).
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from suggest.errors import LedgerError, SettingsError
from suggest.review.migrations import migrate

try:
    import fcntl
except ImportError:  # Windows: SQLite's own waiting has to do
    fcntl = None  # type: ignore[assignment]

FILE_NAME = "review.sqlite"
_PATIENCE = 60  # seconds that a writer waits for others


def exists(folder: Path, url: str | None) -> bool:
    """Tell whether a knowledge base has a review database, without making one."""
    return url is not None or (folder / FILE_NAME).exists()


class Database:
    """Transactions on the review database. Safe between threads and processes."""

    def __init__(self, folder: Path, url: str | None = None) -> None:
        """Open, and bring up to date, the database at ``url``, by default ``review.sqlite`` in ``folder``.

        Raises SettingsError for a URL that cannot be used, LedgerError when the database cannot be reached.
        """
        parsed = URL.create("sqlite", database=str(folder / FILE_NAME)) if url is None else _url(url)
        self.where = parsed.database if url is None else parsed.render_as_string(hide_password=True)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        self._engine = _sqlite(parsed) if self.sqlite else _postgresql(parsed)
        self._turn: AbstractContextManager[Any] = nullcontext()
        if self.sqlite:
            self._turn = _Turn(Path(f"{parsed.database}-lock"))
        try:
            with self.writing() as connection:
                migrate(connection, str(self.where))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Release all connections."""
        self._engine.dispose()
        if isinstance(self._turn, _Turn):
            self._turn.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See one state of the database."""
        with self._guarded(), self._engine.connect() as connection:
            if not self.sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Do several writes or none; on disk when this ends without an error."""
        with self._guarded(), self._turn, self._engine.connect() as connection:
            connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    def scrub(self, *tables: str) -> None:
        """Rewrite what held deleted rows, so that nothing of them stays in the database's files."""
        if not self.sqlite:
            with self._guarded(), self._engine.connect() as connection:
                alone = connection.execution_options(isolation_level="AUTOCOMMIT")
                for table in tables:
                    alone.execute(text(f"VACUUM FULL {table}"))
            return
        with self._guarded(), self._turn:
            raw = self._engine.raw_connection()
            try:
                [busy, *_] = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                raw.close()
        if busy:
            raise LedgerError(
                f"{self.where}: a reader is at work, so that deleted text may still stand in the file's log; "
                "forget the item again when it is done"
            )

    def integrity(self) -> list[str]:
        """Return what the database itself finds wrong with its files."""
        if not self.sqlite:
            return []
        with self.reading() as connection:
            said = connection.execute(text("PRAGMA integrity_check(5)")).scalars().all()
        return [f"{self.where}: {line}" for line in said if line != "ok"]

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, UnicodeError) as error:
            cause = getattr(error, "orig", None) or error
            raise LedgerError(f"{self.where}: the ledger failed: {cause}") from error


class _Turn:
    """Lets the writers of one SQLite file in by the order in which they came.

    SQLite waits by sleeping ever longer, so that of many writers some starve. Threads queue for a lock of the process,
    processes for one on a file, where the system has such; SQLite's own lock holds either way.
    """

    def __init__(self, path: Path) -> None:
        self._threads = threading.Lock()
        try:
            self._file = path.open("ab") if fcntl is not None else None
        except OSError as error:
            raise LedgerError(f"{path}: cannot be written: {error.strerror or error}") from error

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            if self._file is not None and fcntl is not None:
                fcntl.flock(self._file, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        if self._file is not None and fcntl is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._threads.release()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


def _url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError(
            "review.database: not a database URL; expected e.g. postgresql://user@host/name"
        ) from error
    backend = parsed.get_backend_name()
    if backend not in ("sqlite", "postgresql"):
        raise SettingsError(f"review.database: given {backend!r}, expected postgresql or sqlite")
    return parsed.set(drivername="postgresql+psycopg") if backend == "postgresql" else parsed


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, connect_args={"timeout": _PATIENCE, "isolation_level": None})

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON", "recursive_triggers=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer says so at once: what it reads first is still true when it writes.
        writes = connection.get_execution_options().get("writes")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(url, pool_pre_ping=True)
    except ImportError as error:
        raise SettingsError(
            "review.database: names PostgreSQL, whose driver is not installed; run `pip install 'reply-suggest[postgresql]'`"
        ) from error
