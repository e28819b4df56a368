"""The frozen records that flow through ``suggest``, in the order of the flow.

Entries (what the team knows) → :class:`Inquiry` → :class:`Understanding` → :class:`Match` →
:class:`Judgement` → :class:`Draft` → :class:`Suggestion`. A record that breaks its schema raises
:class:`~suggest.errors.InvalidRecord`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from suggest.errors import InvalidRecord

Channel = Literal["email", "chat", "phone", "form"]
Lane = Literal["ready", "review", "escalate"]
Visibility = Literal["public", "internal"]
Trust = Literal["curated", "approved", "unreviewed"]
Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Record(BaseModel):
    """Base of all records: frozen, strict about unknown fields, errors under our root."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=False)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise InvalidRecord(describe(error, type(self).__name__)) from error


def describe(error: ValidationError, what: str) -> str:
    """Say in one line which fields of ``what`` are wrong, what was given and what was expected."""
    parts = []
    for item in error.errors(include_url=False):
        field = ".".join(str(step) for step in item["loc"]) or "record"
        given = repr(item["input"])
        parts.append(f"{field}: {item['msg']} (given {given[:80]}{'…' if len(given) > 80 else ''})")
    return f"{what}: " + "; ".join(parts)


# --- what the team knows -----------------------------------------------------------------------


def _flexible_date(value: Any) -> Any:
    """Accept ``2026-03-14``, ``2026/3/14`` (spreadsheets) and full timestamps as a date."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, str):
        text = value.strip().replace("/", "-")
        day = text.split("T")[0].split(" ")[0]
        parts = day.split("-")
        if len(parts) == 3 and all(p.isdigit() for p in parts):
            try:
                return date(*map(int, parts))
            except ValueError:
                return value
    return value


def _flexible_datetime(value: Any) -> Any:
    """Accept a date, ``2026/3/14 9:05`` and ISO timestamps; times without a zone are UTC."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if isinstance(value, str):
        text = value.strip().replace("/", "-")
        day, separator, clock = text.partition("T" if "T" in text else " ")
        hours = f"T{clock.zfill(5) if ':' in clock[:2] else clock}" if separator else ""
        try:
            value = datetime.fromisoformat(f"{_flexible_date(day)}{hours}")
        except ValueError:
            return value
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return value


FlexibleDate = Annotated[date, BeforeValidator(_flexible_date)]
Timestamp = Annotated[datetime, BeforeValidator(_flexible_datetime)]


class EntryBase(Record):
    """Fields that FAQ articles and resolved inquiries share."""

    id: Identifier
    """Unique in the knowledge base."""
    point: str = ""
    """The conclusion, ready to send."""
    reason: str = ""
    """Why it is so, ready to send."""
    example: str = ""
    """An example that names no customer, ready to send."""
    lang: Literal["ja", "en"] | None = None
    """Found from the text when absent."""
    tags: tuple[str, ...] = ()
    product: str = ""
    updated_at: Timestamp | None = None
    valid_from: FlexibleDate | None = None
    """First day on which the entry may be used."""
    valid_until: FlexibleDate | None = None
    """Last day on which the entry may be used."""
    supersedes: str | None = None
    """Id of the entry that this one replaces."""
    visibility: Visibility = "public"
    """``internal`` entries inform agents and are never quoted to customers."""
    tenant: Identifier = "default"
    url: str = ""
    department: str = ""
    requires_identity_check: bool = False
    trust: Trust = "curated"
    extra: dict[str, Any] = Field(default_factory=dict)
    """Fields of the source that this schema does not know."""

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) over every field; changes whenever anything about the entry changes."""
        payload = json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True)
        return hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest()

    def valid_on(self, day: date) -> bool:
        """Tell whether the entry may be used on ``day``."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


class Article(EntryBase):
    """A FAQ article: the team's policy. One of ``title`` and ``body`` may be empty."""

    kind: Literal["faq"] = "faq"
    title: str = ""
    body: str = ""

    @model_validator(mode="after")
    def _has_text(self) -> Self:
        if not self.title.strip() and not self.body.strip():
            raise ValueError("title and body are both empty; at least one must hold text")
        return self


_LAST_WORD = re.compile(r"(?:[一-龥々]{1,8}|[ァ-ヴー]{1,16}|[A-Za-z]{1,20})\Z")


def _cut(text: str, length: int) -> str:
    """Return the first ``length`` characters of a longer text, less a last word that would be cut."""
    kept = text[:length]
    return (_LAST_WORD.sub("", kept) if text[length].isalnum() else kept).rstrip()


class ResolvedCase(EntryBase):
    """A resolved inquiry: what a customer asked and what the team replied."""

    kind: Literal["case"] = "case"
    inquiry: Annotated[str, StringConstraints(pattern=r"\S")]
    reply: Annotated[str, StringConstraints(pattern=r"\S")]
    resolves_with: str | None = None
    """Id of the article that the reply used."""

    @property
    def title(self) -> str:
        """The first line of the inquiry, at most 60 characters; a word that would be cut is left out."""
        first = self.inquiry.strip().split("\n", 1)[0]
        return first if len(first) <= 60 else f"{_cut(first, 59)}…"


Entry = Article | ResolvedCase
EntryField = Literal["title", "body", "inquiry", "reply", "point", "reason", "example"]

_ENTRY: TypeAdapter[Article | ResolvedCase] = TypeAdapter(
    Annotated[Article | ResolvedCase, Field(discriminator="kind")]
)
_KNOWN = set(Article.model_fields) | set(ResolvedCase.model_fields)


def entry_from_dict(values: dict[str, Any]) -> Entry:
    """Make an entry from a row of a source; fields that are not in the schema go to ``extra``.

    Raises :class:`~suggest.errors.InvalidRecord`.
    """
    known = {key: value for key, value in values.items() if key in _KNOWN and key != "extra"}
    unknown = {key: value for key, value in values.items() if key not in _KNOWN}
    kind = known.setdefault("kind", "faq")
    if kind not in ("faq", "case"):
        raise InvalidRecord(f"kind: expected 'faq' or 'case' (given {kind!r})")
    fields = Article.model_fields if kind == "faq" else ResolvedCase.model_fields
    unknown.update({key: known.pop(key) for key in list(known) if key not in fields})
    known["extra"] = {**(values.get("extra") or {}), **unknown}
    try:
        return _ENTRY.validate_python(known)
    except ValidationError as error:
        stray = f"; fields not known here: {', '.join(map(repr, unknown))}" if unknown else ""
        raise InvalidRecord(describe(error, f"entry {values.get('id')!r}") + stray) from error


# --- what a customer asks ----------------------------------------------------------------------


class Inquiry(Record):
    """What a customer wrote. Unknown fields are ignored; the text may be anything."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str = ""
    """Made from the text when absent."""
    text: str
    channel: Channel = "email"
    lang: Literal["ja", "en"] | None = None
    tenant: Identifier = "default"
    received_at: Timestamp | None = None
    customer_id: str | None = None
    previous_contacts: Annotated[int, Field(ge=0)] = 0
    """How often this customer has written about this before."""

    @model_validator(mode="before")
    @classmethod
    def _identify(cls, values: Any) -> Any:
        if isinstance(values, dict) and not values.get("id") and isinstance(values.get("text"), str):
            digest = hashlib.sha256(values["text"].encode("utf-8", "surrogatepass")).hexdigest()
            return {**values, "id": f"inquiry-{digest[:12]}"}
        if isinstance(values, dict) and isinstance(values.get("id"), int):
            return {**values, "id": str(values["id"])}
        return values


class PersonalData(Record):
    """A stretch of the inquiry's text that names or identifies a person: ``text[start:end]``."""

    type: str
    start: int
    end: int


class Signal(Record):
    """Something in the inquiry that escalation rules look at (anger, a legal threat, an outage …)."""

    code: str
    evidence: str
    """The words that gave it away."""


class Concern(Record):
    """One question of the inquiry."""

    text: str
    codes: tuple[str, ...] = ()
    """Error, product and version codes to keep verbatim."""


class Understanding(Record):
    """What was understood of an inquiry before looking anything up."""

    inquiry: Inquiry
    language: Literal["ja", "en"]
    body: str
    """The text without greeting, signature and quoted mail."""
    concerns: tuple[Concern, ...]
    """In the order asked; empty when nothing is asked."""
    signals: tuple[Signal, ...] = ()
    personal_data: tuple[PersonalData, ...] = ()
    """Offsets into ``inquiry.text``."""
    problem: Literal["empty", "too_long", "unreadable"] | None = None
    """Why the text cannot be answered as it is."""


# --- what was found ----------------------------------------------------------------------------


class Match(Record):
    """An entry near a concern, best first."""

    entry_id: str
    kind: Literal["faq", "case"]
    title: str
    score: float
    """Fused score, for ranking only: not a probability."""
    lexical: float
    """BM25 of the concern against the entry, saturated to 0..1; independent of what else was found."""
    semantic: float
    """Cosine of concern and entry, -1..1."""
    coverage: float
    """Share of the concern's terms, weighted by rarity, that the entry holds, 0..1."""
    confidence: float | None = None
    """P(this entry answers the concern), or None until calibrated."""
    snippet: str = ""


class Evidence(Record):
    """A match together with its entry, as judge and compose receive it."""

    match: Match
    entry: Article | ResolvedCase


# --- what was decided --------------------------------------------------------------------------


class Reason(Record):
    """Why a lane was chosen."""

    code: str
    """Stable, for programs."""
    message: str
    """For agents, in the language of the inquiry."""
    evidence: str = ""


class ConcernJudgement(Record):
    """How one concern was judged."""

    text: str
    answerable: bool
    confidence: float | None
    """P(the best evidence answers this concern), or None until calibrated."""
    entry_ids: tuple[str, ...]
    """The entries that a draft may use, best first."""


class Judgement(Record):
    """Which lane the inquiry takes, and why."""

    lane: Lane
    route: str | None
    confidence: float | None
    reasons: tuple[Reason, ...]
    concerns: tuple[ConcernJudgement, ...]
    weak: tuple[tuple[str, ...], ...] = ()
    """For each concern that nothing answers, the nearest entries, best first: a draft from them is only a proposal."""
    questions: tuple[str, ...] = ()
    """What to ask the customer before answering."""
    score: float = -math.inf
    """Log-odds of the weakest concern's best evidence: for choosing cuts, never shown."""
    free: bool = False
    """Whether nothing but the score keeps the inquiry from being ready."""


# --- what is proposed --------------------------------------------------------------------------


class Source(Record):
    """Where a claim comes from. Entry claims are ``getattr(entry, field)[start:end]``."""

    kind: Literal["entry", "template", "agent"]
    entry_id: str | None = None
    field: EntryField | None = None
    start: int | None = None
    end: int | None = None
    template: str | None = None
    """Name of the template phrase, for ``kind="template"``."""


class Claim(Record):
    """One sentence or step of a draft and its source."""

    text: str
    source: Source


class Draft(Record):
    """A PREP-shaped reply. Every sentence of ``text`` is one of the claims, in order."""

    text: str
    language: Literal["ja", "en"]
    channel: Channel
    point: tuple[Claim, ...] = ()
    reason: tuple[Claim, ...] = ()
    example: tuple[Claim, ...] = ()
    closing: tuple[Claim, ...] = ()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """All claims, part by part."""
        return self.point + self.reason + self.example + self.closing


class FactChange(Record):
    """A fact in which another wording of a draft differs from the draft."""

    change: Literal["added", "changed", "dropped"]
    kind: str
    """url, email, code, date, number, limit, label, name, term or negation."""
    value: str
    """The fact as it stands in the rewrite; of a dropped one, as it stood in the draft."""
    start: int
    """Offset into the rewrite; of a dropped fact, into the draft's text."""
    end: int
    before: str | None = None
    """What a changed fact was in the draft."""


class Finding(Record):
    """Something in a text that breaks a rule of style: ``text[start:end]``."""

    rule: str
    """Stable id, for programs and for switching it off."""
    start: int
    end: int
    message: str
    """What is wrong, in the language of the text."""
    remedy: str
    """What to write or do instead."""
    severity: Literal["error", "warning"]
    """An error should not be sent; a warning is worth a look."""


class Handoff(Record):
    """What the next person needs so that the customer need not explain again."""

    summary: str
    route: str
    evidence: tuple[str, ...]
    """Ids of entries worth a look, best first."""
    open_questions: tuple[str, ...]


class Suggestion(Record):
    """The answer of the library to one inquiry. A human sends every reply."""

    inquiry_id: str
    language: Literal["ja", "en"]
    lane: Lane
    confidence: float | None
    route: str | None
    reasons: tuple[Reason, ...]
    concerns: tuple[ConcernJudgement, ...]
    matches: tuple[Match, ...]
    questions: tuple[str, ...]
    draft: Draft | None
    handoff: Handoff | None
    personal_data: tuple[PersonalData, ...]
    generation: int
    model: str


class SyncReport(Record):
    """What a sync did."""

    added: int
    changed: int
    removed: int
    unchanged: int
    embedded: int
    """How many entries went through the embedding model."""
    generation: int
    seconds: float
    dry_run: bool = False
    rejected: int = 0
    """Bad rows left out with ``skip_bad``."""
    masked: dict[str, int] = Field(default_factory=dict)
    """How many values of personal data were masked in the cases stored now, by type."""
    dropped_generations: tuple[int, ...] = ()
    """Older generations deleted because their cases were masked by older rules, or not at all."""


class ChangedAnswer(Record):
    """A past inquiry that another model would answer with another entry."""

    inquiry_id: str
    before: str | None
    """Id of the entry that comes first now; None when nothing is found."""
    after: str | None


class ModelTrial(Record):
    """What would change with another model."""

    model: str
    fingerprint: str
    embedded: int
    replayed: int
    """Past inquiries that were asked again."""
    changed: tuple[ChangedAnswer, ...]
    seconds: float
