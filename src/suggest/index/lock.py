"""One writer at a time: an operating-system lock that dies with its process and names its holder."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from suggest.errors import KnowledgeBaseError, KnowledgeBaseLocked

_LOCK = "writer.lock"
_HOLDER = "writer.json"


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Hold the only right to write ``folder``.

    Raises :class:`~suggest.errors.KnowledgeBaseLocked` at once when someone else holds it.
    """
    try:
        lock = FileLock(folder / _LOCK)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise KnowledgeBaseLocked(
            f"{folder}: {_holder(folder)} is writing this knowledge base; wait until it is done and try again"
        ) from error
    except OSError as error:
        raise KnowledgeBaseError(f"{folder}: cannot be written: {error.strerror or error}") from error
    try:
        holder = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "since": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        (folder / _HOLDER).write_text(json.dumps(holder), encoding="utf-8")
        yield
    finally:
        (folder / _HOLDER).unlink(missing_ok=True)
        lock.release()


def _holder(folder: Path) -> str:
    try:
        holder = json.loads((folder / _HOLDER).read_text(encoding="utf-8"))
        return f"process {holder['pid']} on {holder['host']} (since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
