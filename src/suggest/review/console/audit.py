"""What happened at the console beside decisions: logins, imports, exports, changes of users. Append-only."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, func, insert, select

from suggest.review.console.store import events


@dataclass(frozen=True)
class Event:
    """One line of the audit page."""

    at: datetime
    user: str
    action: str
    detail: str
    address: str


class AuditTrail:
    """Writes and reads events; nothing here changes or removes one."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def record(self, tenant: str, user: str, action: str, detail: str = "", address: str = "") -> None:
        """Write down that ``user`` did ``action``."""
        with self._engine.begin() as connection:
            connection.execute(
                insert(events).values(
                    at=time.time(),
                    tenant=tenant,
                    user=user[:200],
                    action=action,
                    detail=detail[:500],
                    address=address[:64],
                )
            )

    def page(self, tenant: str, *, offset: int = 0, limit: int = 50) -> tuple[list[Event], int]:
        """Return the events of a tenant, newest first, and how many there are."""
        own = events.c.tenant == tenant
        with self._engine.connect() as connection:
            total = connection.scalar(select(func.count()).select_from(events).where(own)) or 0
            rows = connection.execute(
                select(events).where(own).order_by(events.c.number.desc()).offset(offset).limit(limit)
            ).all()
        found = [
            Event(datetime.fromtimestamp(row.at, UTC), row.user, row.action, row.detail, row.address)
            for row in rows
        ]
        return found, total
