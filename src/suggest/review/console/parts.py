"""What the pages work with, made once for a running console."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fastapi import Request

from suggest.review import ReviewQueue
from suggest.review.console.accounts import Accounts
from suggest.review.console.audit import AuditTrail
from suggest.review.console.config import ConsoleConfig
from suggest.review.console.sessions import Sessions
from suggest.review.console.store import open_store
from suggest.review.console.throttle import Throttle


@dataclass(frozen=True)
class Parts:
    """The queue, and what the console adds to it."""

    queue: ReviewQueue
    config: ConsoleConfig
    accounts: Accounts
    sessions: Sessions
    throttle: Throttle
    audit: AuditTrail


def make_parts(queue: ReviewQueue, folder: Path, config: ConsoleConfig) -> Parts:
    """Open the console's own store beside the knowledge base."""
    engine = open_store(folder)
    return Parts(
        queue=queue,
        config=config,
        accounts=Accounts(engine),
        sessions=Sessions(engine, idle=config.idle_seconds, lifetime=config.session_seconds),
        throttle=Throttle(config.login_failures, config.login_window),
        audit=AuditTrail(engine),
    )


def parts_of(request: Request) -> Parts:
    """Return the parts of the console that serves ``request``."""
    parts: Parts = request.app.state.parts
    return parts
