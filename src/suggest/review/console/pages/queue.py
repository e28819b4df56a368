"""The queue: what waits, by lane, urgency and age; and the way from one inquiry to the next."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from suggest.errors import UnknownItem
from suggest.records import Lane
from suggest.review import ItemSummary
from suggest.review.console.access import Reader, Viewer
from suggest.review.console.parts import Parts, parts_of
from suggest.review.console.render import page, query

router = APIRouter()
PAGE_SIZE = 50
_LOOKED_THROUGH = 500
"""So far into the queue the next inquiry is searched; beyond that the search starts again at the top."""

LaneChoice = Literal["", "ready", "review", "escalate"]
StateChoice = Literal["open", "approved", "edited", "rejected", "escalated", "decided", "all"]
Search = Annotated[str, Query(max_length=200)]


@router.get("/")
def home() -> Response:
    """Lead to the queue."""
    return RedirectResponse("/queue", status_code=303)


@router.get("/queue")
def queue(
    request: Request,
    viewer: Reader,
    lane: LaneChoice = "",
    state: StateChoice = "open",
    q: Search = "",
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    done: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """Show a page of the queue."""
    parts = parts_of(request)
    found = parts.queue.items(
        tenant=viewer.tenant,
        lane=lane or None,
        state=state,
        query=q,
        offset=(number - 1) * PAGE_SIZE,
        limit=PAGE_SIZE,
    )
    counts = {
        name: parts.queue.items(tenant=viewer.tenant, lane=chosen, state=state, query=q, limit=1).total
        for name, chosen in _LANES
    }
    return page(
        request,
        "queue",
        viewer,
        items=found.items,
        total=found.total,
        counts=counts,
        lane=lane,
        state=state,
        q=q,
        number=number,
        pages=max(1, -(-found.total // PAGE_SIZE)),
        done=done_item(parts, viewer, done),
        own=viewer.name,
    )


_LANES: tuple[tuple[str, Lane | None], ...] = (
    ("all", None),
    ("escalate", "escalate"),
    ("review", "review"),
    ("ready", "ready"),
)


@router.get("/next")
def next_item(
    request: Request,
    viewer: Reader,
    after: Annotated[str, Query(max_length=300)] = "",
    lane: LaneChoice = "",
    q: Search = "",
    back: bool = False,
) -> Response:
    """Lead to the next inquiry that nobody else is working on (``back``: the one before)."""
    found = neighbour(parts_of(request), viewer, after, lane, q, back=back)
    return go_on(found, lane, q)


def go_on(item_id: str | None, lane: str, q: str, done: str = "") -> Response:
    """Lead to an item, or to the queue when there is none; ``done`` offers to undo the last decision."""
    context = query({"lane": lane, "q": q, "done": done})
    if item_id is None:
        return RedirectResponse(f"/queue{context}", status_code=303)
    return RedirectResponse(f"/items/{item_id}{context}", status_code=303)


def done_item(parts: Parts, viewer: Viewer, done: str) -> ItemSummary | None:
    """Return the item that was decided, or opened again, just before; None when there is none."""
    with suppress(UnknownItem):
        return parts.queue.item(done, tenant=viewer.tenant) if done else None
    return None


def neighbour(
    parts: Parts, viewer: Viewer, after: str, lane: LaneChoice, q: str, *, back: bool = False
) -> str | None:
    """Return the id of the next open item that is free for ``viewer``, in the order of the queue."""
    items = list(
        parts.queue.items(tenant=viewer.tenant, lane=lane or None, query=q, limit=_LOOKED_THROUGH).items
    )
    if back:
        items.reverse()
    place = next((n for n, item in enumerate(items) if item.item_id == after), -1)
    for item in items[place + 1 :] + items[: max(place, 0)]:
        if _free(item, viewer):
            return item.item_id
    return None


def _free(item: ItemSummary, viewer: Viewer) -> bool:
    return item.claim is None or item.claim.reviewer == viewer.name
