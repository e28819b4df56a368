"""One suggestion: look at it, change it, decide, take it back."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from suggest.errors import AlreadyDecided, ClaimedByOther, InvalidDecision, ReviewError
from suggest.review import ItemSummary, RejectCode, ReviewDecision, ReviewItem
from suggest.review.console.access import Reader, Sender, Viewer
from suggest.review.console.drafts import assemble, taken_apart
from suggest.review.console.hints import hints_for
from suggest.review.console.item_view import (
    confidence_view,
    draft_blocks,
    inquiry_stretches,
    other_matches,
    source_views,
)
from suggest.review.console.pages.queue import LaneChoice, Search, done_item, go_on, neighbour
from suggest.review.console.parts import Parts, parts_of
from suggest.review.console.render import page, query, words_of

router = APIRouter()

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
MOST_TEXT = 100_000
Text = Annotated[str, Form(max_length=MOST_TEXT)]
Short = Annotated[str, Form(max_length=4_000)]
Context = Annotated[str, Form(max_length=200)]
ChosenLane = Annotated[LaneChoice, Form()]


@router.get("/items/{item_id}")
def show(
    request: Request,
    viewer: Reader,
    item_id: str,
    lane: LaneChoice = "",
    q: Search = "",
    done: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """Show an item, and hold it for the viewer while it is open."""
    parts = parts_of(request)
    item = parts.queue.item(item_id, tenant=viewer.tenant)
    if item.state == "open" and request.headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        try:
            parts.queue.claim(
                item_id, tenant=viewer.tenant, reviewer=viewer.name, seconds=parts.config.claim_seconds
            )
        except (ClaimedByOther, AlreadyDecided):
            item = parts.queue.item(item_id, tenant=viewer.tenant)
    return _page(
        request, viewer, item, lane=lane, q=q, done=done_item(parts, viewer, done), typed=_taken_back(item)
    )


def _taken_back(item: ReviewItem) -> list[str] | None:
    """Return the changed text, by block, of the decision that was undone last; None when there is none."""
    last = item.decisions[-1] if item.decisions else None
    if item.state != "open" or item.suggestion is None or last is None or last.event != "undo":
        return None
    text = next((record.after for record in item.decisions if record.seq == last.undoes), None)
    draft = item.suggestion.draft
    if text is None or (draft is not None and text == draft.text):
        return None
    return [text] if draft is None else taken_apart(draft, text) or [text]


def _page(
    request: Request,
    viewer: Viewer,
    item: ReviewItem,
    *,
    lane: str = "",
    q: str = "",
    done: ItemSummary | None = None,
    problem: str = "",
    typed: list[str] | None = None,
    status: int = 200,
) -> Response:
    parts, words = parts_of(request), words_of(request)
    suggestion = item.suggestion
    blocks = [] if suggestion is None else draft_blocks(suggestion)
    quoted = [piece.claim.source.entry_id or "" for b in blocks for piece in b.pieces if piece.claim]
    entries = parts.queue.entries([entry_id for entry_id in quoted if entry_id], tenant=viewer.tenant)
    held = item.claim is not None and item.claim.reviewer != viewer.name
    kept = typed if typed is not None and len(typed) == max(1, len(blocks)) else None
    return page(
        request,
        "item",
        viewer,
        status=status,
        item=item,
        suggestion=suggestion,
        inquiry=[]
        if item.inquiry is None or suggestion is None
        else inquiry_stretches(item.inquiry, suggestion.personal_data, words),
        confidence=None if suggestion is None else confidence_view(suggestion),
        blocks=blocks,
        typed=kept,
        lost="" if typed is None or kept is not None else "\n\n".join(typed),
        sources=source_views(blocks, entries, words),
        titles={} if suggestion is None else {match.entry_id: match.title for match in suggestion.matches},
        others=[] if suggestion is None else other_matches(suggestion.matches, quoted),
        routes=ROUTES,
        reject_codes=get_args(RejectCode),
        held=held,
        editable=item.state == "open" and not held and suggestion is not None,
        may_undo=item.state != "open" and (item.reviewer == viewer.name or viewer.may("supervisor")),
        lane=lane,
        q=q,
        done=done,
        problem=problem,
        context=query({"lane": lane, "q": q}),
    )


@router.post("/items/{item_id}/decide")
def decide(
    request: Request,
    viewer: Sender,
    item_id: str,
    action: Annotated[Literal["approve", "reject", "escalate"], Form()],
    version: Annotated[int, Form(ge=0, le=2**31)],
    block: Annotated[list[Text] | None, Form(max_length=200)] = None,
    reason: Short = "",
    reason_code: Annotated[RejectCode | None, Form()] = None,
    route: Annotated[str, Form(max_length=200)] = "",
    lane: ChosenLane = "",
    q: Context = "",
) -> Response:
    """Record a decision and lead to the next inquiry.

    An approval of changed text is an edit; an escalation with a text hands over with it as the holding reply.
    """
    parts = parts_of(request)
    item = parts.queue.item(item_id, tenant=viewer.tenant)
    onward = neighbour(parts, viewer, item_id, lane, q)
    try:
        text = _final_text(item, action, block)
        parts.queue.decide(
            ReviewDecision(
                item_id=item_id,
                tenant=viewer.tenant,
                action="edit" if action == "approve" and text is not None else action,
                reviewer=viewer.name,
                version=version,
                reason=reason.strip(),
                reason_code=(reason_code or "other") if action == "reject" else None,
                text=text,
                route=(route.strip() or None) if action == "escalate" else None,
                session=viewer.session,
            )
        )
    except ReviewError as error:
        return _problem(request, viewer, item_id, error, block, lane=lane, q=q)
    return go_on(onward, lane, q, done=item_id)


def _final_text(item: ReviewItem, action: str, blocks: list[str] | None) -> str | None:
    """Return the text that goes with a decision; None for an approval of the draft as it is, or without a text."""
    if action == "reject" or (action == "escalate" and blocks is None):
        return None
    draft = None if item.suggestion is None else item.suggestion.draft
    if draft is None:
        return "\n\n".join(blocks or [])
    if blocks is None:
        return None
    try:
        text = assemble(draft, blocks)
    except ValueError as error:
        raise InvalidDecision(f"the draft was changed meanwhile: {error}") from error
    return None if action == "approve" and text == draft.text else text


def _problem(
    request: Request,
    viewer: Viewer,
    item_id: str,
    error: ReviewError,
    blocks: list[str] | None,
    *,
    lane: str,
    q: str,
) -> Response:
    """Show the item as it is now, what stood in the way, and what the reviewer had typed."""
    now = parts_of(request).queue.item(item_id, tenant=viewer.tenant)
    words = words_of(request)
    kind = type(error).__name__
    who = now.claim.reviewer if now.claim is not None else (now.reviewer or "")
    problem = words.known("problem", kind)
    if problem == kind:
        problem = str(error)
    return _page(
        request,
        viewer,
        now,
        lane=lane,
        q=q,
        problem=problem.replace("{who}", who),
        typed=blocks,
        status=422 if isinstance(error, InvalidDecision) else 409,
    )


@router.post("/items/{item_id}/undo")
def undo(request: Request, viewer: Sender, item_id: str, lane: ChosenLane = "", q: Context = "") -> Response:
    """Open an item again."""
    try:
        parts_of(request).queue.undo(
            item_id,
            tenant=viewer.tenant,
            reviewer=viewer.name,
            supervisor=viewer.may("supervisor"),
            session=viewer.session,
        )
    except ReviewError as error:
        return _problem(request, viewer, item_id, error, None, lane=lane, q=q)
    return go_on(item_id, lane, q, done=item_id)


@router.post("/items/{item_id}/swap")
def swap(
    request: Request,
    viewer: Sender,
    item_id: str,
    entry_id: Annotated[str, Form(max_length=200)],
    concern: Annotated[int, Form(ge=0, le=50)] = 0,
    lane: ChosenLane = "",
    q: Context = "",
) -> Response:
    """Compose the draft again with another entry first."""
    try:
        parts_of(request).queue.swap_evidence(
            item_id,
            entry_id,
            tenant=viewer.tenant,
            reviewer=viewer.name,
            concern=concern,
            session=viewer.session,
        )
    except ReviewError as error:
        return _problem(request, viewer, item_id, error, None, lane=lane, q=q)
    return RedirectResponse(f"/items/{item_id}{query({'lane': lane, 'q': q})}#draft", status_code=303)


@router.post("/items/{item_id}/claim")
def claim(request: Request, viewer: Sender, item_id: str) -> Response:
    """Hold the item for longer; the page asks for it while it is looked at."""
    parts = parts_of(request)
    try:
        held = parts.queue.claim(
            item_id, tenant=viewer.tenant, reviewer=viewer.name, seconds=parts.config.claim_seconds
        )
    except (ClaimedByOther, AlreadyDecided) as error:
        return JSONResponse({"held": False, "error": type(error).__name__}, status_code=409)
    return JSONResponse({"held": True, "until": held.until.isoformat()})


@router.post("/items/{item_id}/release", status_code=204)
def release(request: Request, viewer: Sender, item_id: str) -> Response:
    """Give the item back; the page does so when its reader moves on."""
    with suppress(ClaimedByOther):
        parts_of(request).queue.release(item_id, tenant=viewer.tenant, reviewer=viewer.name)
    return Response(status_code=204)


@router.post("/items/{item_id}/hints")
def hints(
    request: Request,
    viewer: Sender,
    item_id: str,
    block: Annotated[list[Text] | None, Form(max_length=200)] = None,
) -> Response:
    """Look over the text while it is typed."""
    parts: Parts = parts_of(request)
    item = parts.queue.item(item_id, tenant=viewer.tenant)
    draft = None if item.suggestion is None else item.suggestion.draft
    if draft is None:
        text = "\n\n".join(block or [])
    else:
        try:
            text = assemble(draft, block or [])
        except ValueError:
            text = "\n\n".join(block or [])
    found = hints_for(item, text, words_of(request), forbidden=parts.queue.settings.voice.forbidden)
    return page(request, "hints", viewer, hints=found, length=len(text))
