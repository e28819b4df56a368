"""One writer at a time: an operating-system lock that dies with its process and names its holder.

Who holds the lock is decided by the operating system alone. ``writer.json`` only names the holder: one left
behind by a killed process, or naming a process id that another program has now, is not believed.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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
        try:
            _sign(folder)
        except OSError as error:
            raise KnowledgeBaseError(f"{folder}: cannot be written: {error.strerror or error}") from error
        yield
    finally:
        with suppress(OSError):  # a name left behind is not believed
            (folder / _HOLDER).unlink(missing_ok=True)
        lock.release()


def _sign(folder: Path) -> None:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "started": _started(os.getpid()),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    temporary = folder / f"{_HOLDER}.new"
    temporary.write_text(json.dumps(holder), encoding="utf-8")
    temporary.replace(folder / _HOLDER)


def _holder(folder: Path) -> str:
    try:
        holder = json.loads((folder / _HOLDER).read_text(encoding="utf-8"))
        if holder["host"] == socket.gethostname() and holder["started"] != _started(int(holder["pid"])):
            return "another process"
        return f"process {holder['pid']} on {holder['host']} (since {holder['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _started(pid: int) -> str:
    """Return what tells a process from others that had or will have its id; empty where that is not known."""
    try:
        said = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return said.rpartition(")")[2].split()[19]  # clock ticks from boot to the start of the process
    except (OSError, IndexError):
        return ""
