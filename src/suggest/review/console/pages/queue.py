"""The queue: what waits, by lane, urgency and age; and the way from one inquiry to the next."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from suggest.errors import ReviewError, UnknownItem
from suggest.review import ItemSummary
from suggest.review import Page as QueuePage
from suggest.review.console.access import LeadSender, Reader, Viewer
from suggest.review.console.parts import Parts, parts_of
from suggest.review.console.place import ROUTES, Asked, LaneChoice, Place, Sent
from suggest.review.console.render import page, words_of

router = APIRouter()
PAGE_SIZE = 50
_LOOKED_THROUGH = 500
"""So far into the queue the next inquiry is searched; beyond that the search starts again at the top."""
_AT_ONCE = 1_000

StateChoice = Literal["open", "approved", "edited", "rejected", "escalated", "decided", "withdrawn", "all"]


@router.get("/")
def home() -> Response:
    """Lead to the queue."""
    return RedirectResponse("/queue", status_code=303)


@router.get("/queue")
def queue(
    request: Request,
    viewer: Reader,
    place: Asked,
    state: StateChoice = "open",
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    done: Annotated[str, Query(max_length=300)] = "",
    gone: Annotated[int, Query(ge=0, le=_AT_ONCE)] = 0,
) -> Response:
    """Show a page of the queue; ``gone`` are the inquiries that were withdrawn just now."""
    return _page(request, viewer, place, state=state, number=number, done=done, gone=gone)


def _page(
    request: Request,
    viewer: Viewer,
    place: Place,
    *,
    state: StateChoice,
    number: int = 1,
    done: str = "",
    gone: int = 0,
    problem: str = "",
) -> Response:
    parts = parts_of(request)
    found = _narrowed(parts, viewer, place, state, offset=(number - 1) * PAGE_SIZE, limit=PAGE_SIZE)
    counts = {
        name: _narrowed(parts, viewer, place._replace(lane=chosen), state, limit=1).total
        for name, chosen in _LANES
    }
    return page(
        request,
        "queue",
        viewer,
        status=409 if problem else 200,
        items=found.items,
        total=found.total,
        counts=counts,
        place=place,
        state=state,
        shown="" if state == "open" else state,
        routes=ROUTES if place.route in ("", *ROUTES) else (*ROUTES, place.route),
        number=number,
        pages=max(1, -(-found.total // PAGE_SIZE)),
        done=done_item(parts, viewer, done),
        gone=gone,
        problem=problem,
        most=_AT_ONCE,
        own=viewer.name,
    )


def _narrowed(
    parts: Parts, viewer: Viewer, place: Place, state: StateChoice, *, offset: int = 0, limit: int
) -> QueuePage:
    """Return a stretch of what the queue is narrowed to."""
    return parts.queue.items(
        tenant=viewer.tenant,
        lane=place.lane or None,
        route=place.route,
        state=state,
        query=place.q,
        offset=offset,
        limit=limit,
    )


_LANES: tuple[tuple[str, LaneChoice], ...] = (
    ("all", ""),
    ("escalate", "escalate"),
    ("review", "review"),
    ("ready", "ready"),
)


@router.post("/queue/withdraw")
def withdraw(
    request: Request,
    viewer: LeadSender,
    place: Sent,
    count: Annotated[int, Form(ge=1, le=_AT_ONCE)],
    state: Annotated[StateChoice, Form()] = "open",
    reason: Annotated[str, Form(max_length=4_000)] = "",
) -> Response:
    """Withdraw everything that the queue is narrowed to, when it is still the ``count`` that was shown."""
    parts, words = parts_of(request), words_of(request)
    found = _narrowed(parts, viewer, place, state, limit=_AT_ONCE)
    problem = "" if found.total == count and state != "withdrawn" else words("withdraw.changed")
    if not reason.strip():
        problem = words("withdraw.no_reason")
    if not problem:
        try:
            parts.queue.withdraw(
                [item.item_id for item in found.items],
                tenant=viewer.tenant,
                reviewer=viewer.name,
                reason=reason,
                session=viewer.session,
            )
        except ReviewError:
            problem = words("withdraw.changed")
    if problem:
        return _page(request, viewer, place, state=state, problem=problem)
    return RedirectResponse(f"/queue{Place().query(state='withdrawn', gone=count)}", status_code=303)


@router.get("/next")
def next_item(
    request: Request,
    viewer: Reader,
    place: Asked,
    after: Annotated[str, Query(max_length=300)] = "",
    back: bool = False,
) -> Response:
    """Lead to the next inquiry that nobody else is working on (``back``: the one before)."""
    found = neighbour(parts_of(request), viewer, after, place, back=back)
    return go_on(found, place)


def go_on(item_id: str | None, place: Place, done: str = "") -> Response:
    """Lead to an item, or to the queue when there is none; ``done`` offers to undo the last decision."""
    context = place.query(done=done)
    if item_id is None:
        return RedirectResponse(f"/queue{context}", status_code=303)
    return RedirectResponse(f"/items/{item_id}{context}", status_code=303)


def done_item(parts: Parts, viewer: Viewer, done: str) -> ItemSummary | None:
    """Return the item that was decided, or opened again, just before; None when there is none."""
    with suppress(UnknownItem):
        return parts.queue.item(done, tenant=viewer.tenant) if done else None
    return None


def neighbour(parts: Parts, viewer: Viewer, after: str, place: Place, *, back: bool = False) -> str | None:
    """Return the id of the next open item that is free for ``viewer``, in the order of the queue."""
    items = list(_narrowed(parts, viewer, place, "open", limit=_LOOKED_THROUGH).items)
    if back:
        items.reverse()
    at = next((n for n, item in enumerate(items) if item.item_id == after), -1)
    for item in items[at + 1 :] + items[: max(at, 0)]:
        if _free(item, viewer):
            return item.item_id
    return None


def _free(item: ItemSummary, viewer: Viewer) -> bool:
    return item.claim is None or item.claim.reviewer == viewer.name
