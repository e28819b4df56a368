"""Where somebody is in the queue: what it is narrowed to, kept from page to page."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from fastapi import Depends, Form, Query

from suggest.review.console.render import query

LaneChoice = Literal["", "ready", "review", "escalate"]
ROUTES = (
    "supervisor",
    "billing",
    "legal",
    "security",
    "privacy",
    "engineering",
    "public_relations",
    "safety",
)


class Place(NamedTuple):
    """What the queue is narrowed to; empty stands for everything."""

    lane: LaneChoice = ""
    route: str = ""
    q: str = ""

    def query(self, **more: object) -> str:
        """Return it as a query string, with ``more``."""
        return query({**self._asdict(), **more})


def _asked(
    lane: LaneChoice = "",
    route: Annotated[str, Query(max_length=200)] = "",
    q: Annotated[str, Query(max_length=200)] = "",
) -> Place:
    return Place(lane, route, q)


def _sent(
    lane: Annotated[LaneChoice, Form()] = "",
    route_filter: Annotated[str, Form(max_length=200)] = "",
    q: Annotated[str, Form(max_length=200)] = "",
) -> Place:
    return Place(lane, route_filter, q)


Asked = Annotated[Place, Depends(_asked)]
"""From an address."""
Sent = Annotated[Place, Depends(_sent)]
"""From a form."""
