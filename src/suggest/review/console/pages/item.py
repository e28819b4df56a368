"""One suggestion: look at it, change it, decide, take it back."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Literal, get_args

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from suggest.errors import AlreadyDecided, ClaimedByOther, InvalidDecision, ReviewError
from suggest.review import ItemSummary, RejectCode, ReviewDecision, ReviewItem
from suggest.review.console.access import LeadSender, Reader, Sender, Viewer
from suggest.review.console.drafts import assemble, taken_apart
from suggest.review.console.hints import hints_for
from suggest.review.console.item_view import (
    confidence_view,
    draft_blocks,
    inquiry_stretches,
    reasons_view,
    source_view,
    source_views,
)
from suggest.review.console.others import other_entries
from suggest.review.console.pages.queue import done_item, go_on, neighbour
from suggest.review.console.parts import Parts, parts_of
from suggest.review.console.place import ROUTES, Asked, Place, Sent
from suggest.review.console.render import page, words_of
from suggest.review.swapping import standing_swaps
from suggest.understand.headline import questions_alone

router = APIRouter()

MOST_TEXT = 100_000
Text = Annotated[str, Form(max_length=MOST_TEXT)]
Short = Annotated[str, Form(max_length=4_000)]


@router.get("/items/{item_id}")
def show(
    request: Request,
    viewer: Reader,
    item_id: str,
    place: Asked,
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
    return _page(request, viewer, item, place, done=done_item(parts, viewer, done), typed=_taken_back(item))


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
    place: Place,
    *,
    done: ItemSummary | None = None,
    problem: str = "",
    typed: list[str] | None = None,
    status: int = 200,
) -> Response:
    parts, words = parts_of(request), words_of(request)
    suggestion = item.suggestion
    blocks = [] if suggestion is None else draft_blocks(suggestion)
    quoted = entry_ids_of(item)
    chosen = _chosen(item)
    matches = () if suggestion is None else suggestion.matches
    asked = [] if suggestion is None else [concern.text for concern in suggestion.concerns]
    questions = questions_alone(asked)
    wanted = {*quoted, *chosen, *(match.entry_id for match in matches)}
    entries = parts.queue.entries(wanted, tenant=viewer.tenant)
    titles = {match.entry_id: match.title for match in matches}
    titles |= {each: source_view(entries.get(each), each, words).title for each in chosen}
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
        sources=source_views(blocks, entries, words)
        + [source_view(entries.get(each), each, words) for each in chosen if each not in quoted],
        titles=titles,
        chosen=chosen,
        unused=[each for each in chosen if each not in quoted],
        others=[] if suggestion is None else other_entries(suggestion, entries, {*quoted, *chosen}, words),
        questions=questions,
        reasons=()
        if suggestion is None or item.inquiry is None
        else reasons_view(suggestion, titles | dict(zip(asked, questions, strict=True)), item.inquiry.text),
        routes=ROUTES,
        reject_codes=get_args(RejectCode),
        held=held,
        editable=item.state == "open" and not held and suggestion is not None,
        may_undo=item.state != "open" and (item.reviewer == viewer.name or viewer.may("supervisor")),
        may_withdraw=item.state not in ("withdrawn", "forgotten") and viewer.may("supervisor"),
        place=place,
        done=done,
        problem=problem,
    )


def entry_ids_of(item: ReviewItem) -> list[str]:
    """Return the entries that the draft quotes, in its order."""
    draft = None if item.suggestion is None else item.suggestion.draft
    cited = [] if draft is None else [c.source.entry_id for c in draft.claims if c.source.kind == "entry"]
    return list(dict.fromkeys(each for each in cited if each))


def _chosen(item: ReviewItem) -> list[str]:
    """Return the entries that agents chose, of each question the last."""
    by_concern = {record.concern or 0: record.entry_ids[0] for record in standing_swaps(item.decisions)}
    return list(dict.fromkeys(by_concern.values()))


@router.post("/items/{item_id}/decide")
def decide(
    request: Request,
    viewer: Sender,
    place: Sent,
    item_id: str,
    action: Annotated[Literal["approve", "reject", "escalate"], Form()],
    version: Annotated[int, Form(ge=0, le=2**31)],
    block: Annotated[list[Text] | None, Form(max_length=200)] = None,
    reason: Short = "",
    reason_code: Annotated[RejectCode | None, Form()] = None,
    route: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Record a decision and lead to the next inquiry.

    An approval of changed text is an edit; an escalation with a text hands over with it as the holding reply.
    """
    parts = parts_of(request)
    item = parts.queue.item(item_id, tenant=viewer.tenant)
    onward = neighbour(parts, viewer, item_id, place)
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
        return _problem(request, viewer, item_id, error, block, place)
    return go_on(onward, place, done=item_id)


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
    place: Place,
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
        place,
        problem=problem.replace("{who}", who),
        typed=blocks,
        status=422 if isinstance(error, InvalidDecision) else 409,
    )


@router.post("/items/{item_id}/undo")
def undo(request: Request, viewer: Sender, place: Sent, item_id: str) -> Response:
    """Take back the last thing done to an item: a decision, a swap, a withdrawal."""
    try:
        parts_of(request).queue.undo(
            item_id,
            tenant=viewer.tenant,
            reviewer=viewer.name,
            supervisor=viewer.may("supervisor"),
            session=viewer.session,
        )
    except ReviewError as error:
        return _problem(request, viewer, item_id, error, None, place)
    return go_on(item_id, place, done=item_id)


@router.post("/items/{item_id}/swap")
def swap(
    request: Request,
    viewer: Sender,
    place: Sent,
    item_id: str,
    entry_id: Annotated[str, Form(max_length=200)],
    concern: Annotated[int, Form(ge=0, le=50)] = 0,
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
        return _problem(request, viewer, item_id, error, None, place)
    return RedirectResponse(f"/items/{item_id}{place.query()}#draft", status_code=303)


@router.post("/items/{item_id}/withdraw")
def withdraw(request: Request, viewer: LeadSender, place: Sent, item_id: str, reason: Short = "") -> Response:
    """Take an inquiry out of the queue and the figures."""
    parts = parts_of(request)
    onward = neighbour(parts, viewer, item_id, place)
    try:
        parts.queue.withdraw(
            [item_id], tenant=viewer.tenant, reviewer=viewer.name, reason=reason, session=viewer.session
        )
    except ReviewError as error:
        return _problem(request, viewer, item_id, error, None, place)
    return go_on(onward, place, done=item_id)


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
    found = hints_for(
        item,
        text,
        words_of(request),
        entries=parts.queue.entries([*entry_ids_of(item), *_chosen(item)], tenant=viewer.tenant).values(),
        forbidden=parts.queue.settings.voice.forbidden,
    )
    return page(request, "hints", viewer, hints=found, length=len(text))
