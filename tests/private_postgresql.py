"""A PostgreSQL server of one's own, where its programs are installed: unix socket only, gone afterwards."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

MISSING = "PostgreSQL is not installed (Debian: apt-get install postgresql; pip install 'reply-suggest[postgresql]')"


def programs() -> Path | None:
    """Return the folder with ``initdb`` and ``postgres``, or None; None too where the driver is missing."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        return None
    found = shutil.which("initdb")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next(
        (place for place in places if (place / "postgres").exists() and (place / "initdb").exists()), None
    )


@contextmanager
def server(*, connections: int = 200, durable: bool = False) -> Iterator[str]:
    """Run a server; yield the SQLAlchemy URL of its database ``postgres``.

    One that is not ``durable`` survives the kill of a client, but not of the machine, and is faster.
    """
    home = programs()
    assert home is not None, MISSING
    folder = Path(tempfile.mkdtemp(prefix="suggest-pg-"))
    other: dict[str, Any] = {}
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, "postgres", "postgres")
        other = {"user": "postgres", "group": "postgres", "extra_groups": []}
    try:
        made = [
            home / "initdb",
            "-D",
            folder / "data",
            "-U",
            "suggest",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-locale",
        ]
        subprocess.run([*map(str, made)], check=True, capture_output=True, cwd=folder, **other)
        options = [f"unix_socket_directories={folder}", "listen_addresses=", f"max_connections={connections}"]
        options += [] if durable else ["fsync=off", "full_page_writes=off"]
        running = subprocess.Popen(
            [
                str(home / "postgres"),
                "-D",
                str(folder / "data"),
                *(word for o in options for word in ("-c", o)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            **other,
        )
        try:
            _wait(folder, running)
            yield f"postgresql+psycopg://suggest@/postgres?host={quote(str(folder), safe='')}"
        finally:
            running.send_signal(signal.SIGQUIT)  # at once: nothing of it is kept
            running.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def schema(url: str) -> str:
    """Make an empty schema in the database at ``url`` and return the URL that uses it."""
    import psycopg

    name = f"s_{uuid.uuid4().hex}"
    with psycopg.connect(_plain(url), autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{url}&options={quote(f'-csearch_path={name}', safe='')}"


def _wait(folder: Path, running: subprocess.Popen[bytes]) -> None:
    import psycopg

    for _ in range(300):
        assert running.poll() is None, "the server ended at once"
        try:
            psycopg.connect(f"host={folder} user=suggest dbname=postgres").close()
            return
        except psycopg.OperationalError:
            time.sleep(0.1)
    raise AssertionError("the server did not start within 30 seconds")


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
