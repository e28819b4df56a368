"""The same actions as JSON endpoints; described by OpenAPI under ``/api/openapi.json``."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from suggest.errors import InvalidRecord
from suggest.records import Channel, Inquiry, Lane
from suggest.review import (
    CandidateCase,
    Claim,
    DecisionRecord,
    Figures,
    Found,
    ImportReport,
    Page,
    RejectCode,
    ReviewDecision,
    ReviewItem,
    State,
)
from suggest.review.console.access import Caller, LeadCaller
from suggest.review.console.parts import parts_of
from suggest.review.records import CandidateState

PREFIX = "/api/v1"
MOST_AT_ONCE = 1_000


class Problem(BaseModel):
    """What went wrong."""

    error: str
    """Name of the error, stable."""
    message: str
    """What was given, what was expected, what to do."""


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {
        "model": Problem,
        "description": "The host is not known here, or the request is not HTTP as we expect it",
    },
    401: {"model": Problem, "description": "A login or an API token is needed"},
    403: {
        "model": Problem,
        "description": "The role does not allow it, or the request comes from a foreign page",
    },
    404: {"model": Problem, "description": "The tenant has no such thing"},
    409: {"model": Problem, "description": "Somebody was faster, or holds the item"},
    413: {"model": Problem, "description": "The request is too large"},
    422: {"model": Problem, "description": "A value is not as expected"},
}
router = APIRouter(prefix=PREFIX, responses=_PROBLEMS)


class Given(BaseModel):
    """Base of what callers send: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


Short = Annotated[str, StringConstraints(max_length=4_000)]
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(9000, 1, 1, tzinfo=UTC))
]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ItemId = Annotated[str, Path(min_length=1, max_length=300)]


class DecisionGiven(Given):
    """A decision on the version of an item that was looked at."""

    action: Literal["approve", "edit", "reject", "escalate"]
    version: Annotated[int, Field(ge=0, le=2**31)]
    reason: Short = ""
    reason_code: RejectCode | None = None
    text: Annotated[str, StringConstraints(max_length=100_000)] | None = None
    route: Key | None = None


class SwapGiven(Given):
    """Another entry to compose from."""

    entry_id: Key
    concern: Annotated[int, Field(ge=0, le=50)] = 0


class WithdrawalGiven(Given):
    """Why items are withdrawn."""

    item_ids: Annotated[list[Key], Field(min_length=1, max_length=MOST_AT_ONCE)]
    reason: Annotated[str, StringConstraints(min_length=1, max_length=4_000)]


class InquiryGiven(Given):
    """An inquiry of the caller's tenant."""

    id: Annotated[str, StringConstraints(max_length=200)] = ""
    text: Annotated[str, StringConstraints(max_length=1_000_000)]
    channel: Channel = "email"
    lang: Literal["ja", "en"] | None = None
    received_at: Moment | None = None
    customer_id: Annotated[str, StringConstraints(max_length=200)] | None = None
    previous_contacts: Annotated[int, Field(ge=0, le=10_000)] = 0


class VerdictGiven(Given):
    """What a supervisor says of a candidate case."""

    approve: bool
    reason: Short = ""


class SurveyGiven(Given):
    """One answer of a customer."""

    inquiry_id: Key
    score: Annotated[int, Field(ge=1, le=5)] | None = None
    satisfied: bool | None = None
    answered_at: Moment | None = None


class Count(BaseModel):
    """How many."""

    count: int


class Verified(BaseModel):
    """Whether the ledger is whole."""

    ok: bool
    problems: list[str]


@router.get("/items")
def items(
    request: Request,
    caller: Caller,
    lane: Lane | None = None,
    route: Annotated[str, Query(max_length=200)] = "",
    state: State | Literal["decided", "all"] = "open",
    query: Annotated[str, Query(max_length=200)] = "",
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = 50,
) -> Page:
    """Return a stretch of the queue, the most urgent first, then the oldest."""
    queue = parts_of(request).queue
    return queue.items(
        tenant=caller.tenant, lane=lane, route=route, state=state, query=query, offset=offset, limit=limit
    )


@router.get("/items/{item_id}")
def item(request: Request, caller: Caller, item_id: ItemId) -> ReviewItem:
    """Return an item with its inquiry, suggestion and history."""
    return parts_of(request).queue.item(item_id, tenant=caller.tenant)


@router.post("/items/{item_id}/claim")
def claim(request: Request, caller: Caller, item_id: ItemId) -> Claim:
    """Hold an item for the caller; again to hold it longer."""
    parts = parts_of(request)
    return parts.queue.claim(
        item_id, tenant=caller.tenant, reviewer=caller.name, seconds=parts.config.claim_seconds
    )


@router.post("/items/{item_id}/release", status_code=204)
def release(request: Request, caller: Caller, item_id: ItemId) -> None:
    """Give an item back."""
    parts_of(request).queue.release(item_id, tenant=caller.tenant, reviewer=caller.name)


@router.post("/items/{item_id}/decisions")
def decide(request: Request, caller: Caller, item_id: ItemId, given: DecisionGiven) -> DecisionRecord:
    """Approve, edit, reject or escalate."""
    decision = ReviewDecision(
        item_id=item_id,
        tenant=caller.tenant,
        reviewer=caller.name,
        session=caller.session,
        **given.model_dump(),
    )
    return parts_of(request).queue.decide(decision)


@router.post("/items/{item_id}/undo")
def undo(request: Request, caller: Caller, item_id: ItemId) -> DecisionRecord:
    """Take back the last decision, swap or withdrawal; supervisors also those of others."""
    return parts_of(request).queue.undo(
        item_id,
        tenant=caller.tenant,
        reviewer=caller.name,
        supervisor=caller.may("supervisor"),
        session=caller.session,
    )


@router.post("/items/{item_id}/swap")
def swap(request: Request, caller: Caller, item_id: ItemId, given: SwapGiven) -> ReviewItem:
    """Compose the draft again with another entry first; an escalation becomes a reply."""
    return parts_of(request).queue.swap_evidence(
        item_id,
        given.entry_id,
        tenant=caller.tenant,
        reviewer=caller.name,
        concern=given.concern,
        session=caller.session,
    )


@router.post("/withdrawals")
def withdraw(request: Request, caller: LeadCaller, given: WithdrawalGiven) -> list[DecisionRecord]:
    """Take items out of the queue and the figures, all or none; undo brings each back. For supervisors."""
    return parts_of(request).queue.withdraw(
        given.item_ids,
        tenant=caller.tenant,
        reviewer=caller.name,
        reason=given.reason,
        session=caller.session,
    )


@router.post("/inquiries")
def import_inquiries(
    request: Request,
    caller: LeadCaller,
    given: Annotated[list[InquiryGiven], Field(min_length=1, max_length=500)],
) -> ImportReport:
    """Suggest for inquiries and queue them; an id that is there already is skipped. For supervisors."""
    found = [Inquiry(**one.model_dump(), tenant=caller.tenant) for one in given]
    return parts_of(request).queue.import_inquiries(found, reviewer=caller.name)


@router.get("/search")
def search(
    request: Request,
    caller: Caller,
    q: Annotated[str, Query(min_length=1, max_length=2_000)],
    top: Annotated[int, Query(ge=1, le=100)] = 10,
) -> list[Found]:
    """Return the entries nearest to a text, and of each whether it is near."""
    return parts_of(request).queue.search(q, tenant=caller.tenant, top=top)


@router.get("/candidates")
def candidates(
    request: Request, caller: LeadCaller, state: CandidateState | Literal["all"] = "waiting"
) -> list[CandidateCase]:
    """Return cases learnt from approved replies. For supervisors."""
    return parts_of(request).queue.candidates(tenant=caller.tenant, state=state)


@router.post("/candidates/{candidate_id}")
def judge_candidate(
    request: Request, caller: LeadCaller, candidate_id: ItemId, given: VerdictGiven
) -> CandidateCase:
    """Let a case into the knowledge base, or keep it out. For supervisors."""
    return parts_of(request).queue.judge_candidate(
        candidate_id,
        tenant=caller.tenant,
        supervisor=caller.name,
        approve=given.approve,
        reason=given.reason,
    )


@router.get("/decisions")
def decisions(
    request: Request,
    caller: LeadCaller,
    since: Moment | None = None,
    after: Annotated[int, Query(ge=0, le=2**53)] = 0,
    everything: bool = False,
    limit: Annotated[int, Query(ge=1, le=MOST_AT_ONCE)] = MOST_AT_ONCE,
) -> list[DecisionRecord]:
    """Return the ledger in its order, from the entry that follows number ``after``. For supervisors."""
    found = parts_of(request).queue.decisions(tenant=caller.tenant, since=since, everything=everything)
    return list(islice((record for record in found if record.seq > after), limit))


@router.get("/figures")
def figures(
    request: Request,
    caller: LeadCaller,
    since: Moment | None = None,
    until: Moment | None = None,
) -> Figures:
    """Return the key figures of the inquiries received in a period. For supervisors."""
    return parts_of(request).queue.figures(tenant=caller.tenant, since=since, until=until)


@router.post("/surveys")
def surveys(
    request: Request,
    caller: LeadCaller,
    given: Annotated[list[SurveyGiven], Field(min_length=1, max_length=5_000)],
) -> Count:
    """Take in customers' answers. For supervisors."""
    rows = [_row(one) for one in given]
    count = parts_of(request).queue.import_surveys(rows, tenant=caller.tenant, reviewer=caller.name)
    return Count(count=count)


def _row(given: SurveyGiven) -> dict[str, str | int | bool | datetime]:
    row = {key: value for key, value in given.model_dump().items() if value is not None}
    if "score" not in row and "satisfied" not in row:
        raise InvalidRecord(
            f"survey {given.inquiry_id!r}: expected 'score' or 'satisfied'; neither was given"
        )
    return row


@router.get("/verify")
def verify(request: Request, caller: LeadCaller) -> Verified:  # noqa: ARG001 - the caller's role is what counts
    """Check the ledger's chains. For supervisors."""
    problems = parts_of(request).queue.verify()
    return Verified(ok=not problems, problems=problems)
