"""The frozen records of the review queue and its ledger. Times are UTC."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from suggest.records import Identifier, Inquiry, Lane, Match, Record, ResolvedCase, Suggestion

Action = Literal["approve", "edit", "reject", "escalate"]
"""What a reviewer can decide."""
Event = Literal[
    "import",
    "approve",
    "edit",
    "reject",
    "escalate",
    "undo",
    "swap",
    "unswap",
    "withdraw",
    "restore",
    "learn_approve",
    "learn_reject",
    "survey",
    "forget",
]
"""What the ledger remembers."""
State = Literal["open", "approved", "edited", "rejected", "escalated", "forgotten", "withdrawn"]
"""Where an item of the queue stands; ``forgotten`` is one that was erased before anyone decided, ``withdrawn`` one that
does not count, as of a trial run."""
CandidateState = Literal["waiting", "approved", "rejected", "withdrawn"]
RejectCode = Literal["wrong_evidence", "outdated", "incomplete", "tone", "no_answer_needed", "other"]
"""Why a draft was rejected: it answers something else; what it cites no longer holds; something is missing; it reads
wrong; the inquiry needs no answer; anything else."""


def _printable(name: str) -> str:
    if not name.isprintable():
        raise ValueError("holds control characters; expected a name")
    return name


Name = Annotated[Identifier, AfterValidator(_printable)]
"""Whoever does something, as the caller knows them."""


class Claim(Record):
    """The right of one reviewer to work on an item until it runs out."""

    item_id: str
    reviewer: str
    since: datetime
    until: datetime


class ReviewDecision(Record):
    """What a reviewer wants to be recorded."""

    item_id: str
    tenant: Identifier
    action: Action
    reviewer: Name
    version: int
    """The item's version that the reviewer saw."""
    reason: Annotated[str, StringConstraints(max_length=4_000)] = ""
    """In the reviewer's own words."""
    reason_code: RejectCode | None = None
    """For ``reject``; absent counts as ``other``."""
    text: Annotated[str, StringConstraints(max_length=100_000)] | None = None
    """The final text; needed for ``edit``. For ``escalate`` the holding reply that goes to the customer, if one does;
    otherwise left out."""
    route: Name | None = None
    """For ``escalate``: who takes over; absent: the suggestion's route, else ``supervisor``."""
    session: Annotated[str, StringConstraints(max_length=200)] = ""
    """Any label by which the caller knows the session; it is stored, so never give a secret."""


class DecisionRecord(Record):
    """One entry of the ledger, as it stands in the chain of its tenant."""

    tenant: str
    seq: int
    """Position in the tenant's chain, from 1."""
    event: Event
    item_id: str | None
    """None for what concerns no single item (surveys)."""
    inquiry_id: str | None
    """None once the inquiry was forgotten."""
    reviewer: str
    at: datetime
    version: int
    """The item's version after this entry; 0 where there is no item."""
    lane: Lane | None = None
    """The lane that was suggested."""
    confidence: float | None = None
    reason: str | None = None
    """None once forgotten."""
    reason_code: str | None = None
    route: str | None = None
    before: str | None = None
    """The draft as suggested; None where there was none, or once forgotten."""
    after: str | None = None
    """The final text, for ``approve`` and ``edit``, and the holding reply of ``escalate``; None once forgotten."""
    edit_distance: float | None = None
    """Levenshtein distance of both texts over the length of the longer one, 0..1."""
    entry_ids: tuple[str, ...] = ()
    """The evidence that was decided on; for ``swap`` the entry put first."""
    concern: int | None = None
    """For ``swap``: position of the question, from 0."""
    undoes: int | None = None
    """For ``undo``, ``unswap`` and ``restore``: the position of the entry that no longer counts."""
    candidate_id: str | None = None
    claimed_at: datetime | None = None
    """Since when the reviewer had the item claimed."""
    session: str = ""
    forgotten: bool = False
    """Whether the texts were erased."""
    previous: str
    """Hash of the entry before, 64 hexadecimal digits; zeros for the first."""
    hash: str


class ItemSummary(Record):
    """One line of the queue."""

    item_id: str
    tenant: str
    inquiry_id: str
    """Empty once forgotten."""
    version: int
    state: State
    lane: Lane
    route: str | None
    urgency: int
    """3 someone may come to harm or be defrauded, 2 other escalations, 1 review, 0 ready."""
    confidence: float | None
    language: Literal["ja", "en"]
    channel: str
    title: str
    """What it is about, on one line, in the customer's words: the subject, else the text without greetings."""
    received_at: datetime
    """When the inquiry came; when it was imported, where that is not known."""
    imported_at: datetime
    decided_at: datetime | None
    reviewer: str | None
    """Who decided."""
    claim: Claim | None
    """None when nobody holds it now."""


class ReviewItem(ItemSummary):
    """Everything about one item."""

    inquiry: Inquiry | None
    """None once forgotten."""
    suggestion: Suggestion | None
    """The suggestion as it stands after swaps; None once forgotten."""
    final_text: str | None
    """What was approved, or edited to, or sent with an escalation."""
    candidate_id: str | None
    """The case learnt from it, in whatever state."""
    decisions: tuple[DecisionRecord, ...]
    """What the ledger says of it, in order, its import first."""


class Page(Record):
    """A stretch of the queue."""

    items: tuple[ItemSummary, ...]
    total: int
    """How many there are without ``offset`` and ``limit``."""


class ImportReport(Record):
    """What an import did."""

    imported: int
    skipped: int
    """Inquiries whose id the tenant's queue already has."""
    differing: tuple[str, ...]
    """Ids of those skipped that now have another text; the first hundred."""
    withdrawn: tuple[str, ...] = ()
    """Ids of those skipped that were withdrawn: ``undo`` brings them back; the first hundred."""
    lanes: dict[Lane, int]
    """Of those imported."""


class CandidateCase(Record):
    """A case learnt from a reply that was approved or edited, with personal data masked."""

    candidate_id: str
    """``learned-…``; the id of the entry that it becomes."""
    tenant: str
    item_id: str
    state: CandidateState
    case: ResolvedCase | None
    """``trust`` is ``unreviewed`` until a supervisor approves. None once forgotten."""
    reviewer: str
    """Who approved or wrote the reply."""
    learned_at: datetime
    supervisor: str | None = None
    judged_at: datetime | None = None
    reason: str = ""


class Found(Match):
    """A match of a search."""

    near: bool
    """Whether it may well be what was looked for; the others only come next in rank."""


class Forgotten(Record):
    """What :meth:`~suggest.review.ReviewQueue.forget` erased."""

    item_id: str
    contents: int
    """Texts erased from the ledger; 0 when that had been done before."""
    labels: int
    """Lines erased from the labels kept for calibration."""
    still_to_forget: tuple[str, ...]
    """Ids of learnt entries in the knowledge base: erase them with ``suggest forget ID``."""


# --- figures -----------------------------------------------------------------------------------


class Rate(Record):
    """A share in percent with its 95 % Wilson interval. Everything is None for 0 of 0."""

    hits: int
    of: int
    percent: float | None
    low: float | None
    high: float | None


class Times(Record):
    """Durations in seconds. Everything but the count is None when there are none."""

    count: int
    total: float
    mean: float | None
    mean_low: float | None
    """95 % interval of the mean (percentile bootstrap)."""
    mean_high: float | None
    median: float | None
    median_low: float | None
    """95 % interval of the median (order statistics)."""
    median_high: float | None
    p90: float | None


class Day(Record):
    """One day, UTC."""

    day: date
    received: int
    decided: int
    approved: int


class Figures(Record):
    """What a leader needs to see. Inquiries are those received from ``since`` on and before ``until``."""

    tenant: str
    since: datetime | None
    until: datetime | None
    inquiries: int
    open: int
    oldest_open_at: datetime | None
    lanes: dict[Lane, Rate]
    """Of all inquiries, by suggested lane."""
    actions: dict[Action, Rate]
    """Of those decided; ``actions["approve"]`` is the approval rate."""
    approval_by_lane: dict[Lane, Rate]
    """Approved unchanged, of those decided in each lane."""
    open_by_lane: dict[Lane, int]
    reject_codes: dict[str, int]
    edit_distance: Times
    """Of edits: normalised Levenshtein distance, 0..1 (no seconds)."""
    time_to_decision: Times
    """From import to decision."""
    time_at_work: Times
    """From claim to decision, where the reviewer had claimed the item."""
    average_response_time: Times
    """Total time to respond ÷ inquiries responded to: ``mean``. From receipt to approval or edit."""
    resolution_rate: Rate
    """Resolved ÷ inquiries × 100; resolved is approved or edited, in a lane other than ``escalate``."""
    csat: Rate
    """Satisfied answers ÷ all answers × 100, of imported surveys."""
    days: tuple[Day, ...]
    undone: int
    candidates: dict[CandidateState, int] = Field(default_factory=dict)
    ledger_entries: int
    ledger_head: str
    """Hash of the last entry of the tenant's chain: kept elsewhere, it proves that nothing was cut off."""
