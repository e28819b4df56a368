"""Sessions: a random cookie, known to the server by its hash, that ends when idle and in any case after a day's work."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine, delete, insert, or_, select, update

from suggest.review.console.accounts import digest
from suggest.review.console.store import sessions

_TOUCH = 60
"""The time of the last request is written at most this often (seconds)."""


@dataclass(frozen=True)
class Session:
    """One browser at work."""

    user: str
    csrf: str
    """What every form has to send back."""
    key: str
    """Names the session in the ledger; not the cookie."""


class Sessions:
    """Starts, recognises and ends sessions."""

    def __init__(
        self, engine: Engine, *, idle: int, lifetime: int, clock: Callable[[], float] = time.time
    ) -> None:
        self._engine = engine
        self._idle = idle
        self._lifetime = lifetime
        self._clock = clock

    def start(self, user: str) -> tuple[str, Session]:
        """Start a session; returns the cookie's value and the session. Removes those that have ended."""
        cookie, csrf, now = secrets.token_urlsafe(32), secrets.token_urlsafe(32), self._clock()
        with self._engine.begin() as connection:
            connection.execute(
                delete(sessions).where(
                    or_(
                        sessions.c.seen_at < now - self._idle,
                        sessions.c.created_at < now - self._lifetime,
                    )
                )
            )
            connection.execute(
                insert(sessions).values(
                    token_hash=digest(cookie), user=user, csrf=csrf, created_at=now, seen_at=now
                )
            )
        return cookie, Session(user, csrf, digest(cookie)[:16])

    def find(self, cookie: str | None) -> Session | None:
        """Return the session of a cookie, unless it has ended."""
        if not cookie or len(cookie) > 200:
            return None
        key, now = digest(cookie), self._clock()
        with self._engine.connect() as connection:
            row = connection.execute(select(sessions).where(sessions.c.token_hash == key)).first()
        if row is None or row.seen_at < now - self._idle or row.created_at < now - self._lifetime:
            return None
        if row.seen_at < now - _TOUCH:
            with self._engine.begin() as connection:
                connection.execute(update(sessions).where(sessions.c.token_hash == key).values(seen_at=now))
        return Session(row.user, row.csrf, key[:16])

    def end(self, cookie: str | None) -> None:
        """End a session."""
        if cookie:
            with self._engine.begin() as connection:
                connection.execute(delete(sessions).where(sessions.c.token_hash == digest(cookie)))
