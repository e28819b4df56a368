"""Claims and decisions: each one transaction, of which exactly one wins.

Everything that needs thought (distance, masking) is done before the transaction; the item's version,
checked again inside it, says whether it still holds.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, or_, update

from suggest.errors import (
    AlreadyDecided,
    ClaimedByOther,
    InvalidDecision,
    StaleVersion,
)
from suggest.records import Suggestion
from suggest.review import history, items, learned
from suggest.review.chain import append, lock
from suggest.review.database import Database
from suggest.review.distance import edit_distance
from suggest.review.records import Action, Claim, DecisionRecord, ReviewDecision, State
from suggest.review.tables import items as table
from suggest.review.tables import moment, stamp

STATE: dict[str, State] = {
    "approve": "approved",
    "edit": "edited",
    "reject": "rejected",
    "escalate": "escalated",
}
_LONGEST_CLAIM = 24 * 3600
FREE = {"claim_reviewer": None, "claim_since": None, "claim_until": None}


def claim(db: Database, item_id: str, *, tenant: str, reviewer: str, seconds: int, now: datetime) -> Claim:
    """Reserve an open item; arguments and errors as ``ReviewQueue.claim``."""
    if not 1 <= seconds <= _LONGEST_CLAIM:
        raise InvalidDecision(f"seconds: given {seconds}, expected 1 to {_LONGEST_CLAIM}")
    c = table.c
    with db.writing() as connection:
        row = items.row_of(connection, tenant, item_id)
        _refuse_decided(row)
        _refuse_claimed(row, reviewer, now)
        held = items.claim_of(row, now)
        since = held.since if held is not None else now
        free = or_(c.claim_reviewer.is_(None), c.claim_reviewer == reviewer, c.claim_until <= stamp(now))
        changed = connection.execute(
            update(table)
            .where(c.item_id == item_id, c.state == "open", free)
            .values(
                claim_reviewer=reviewer,
                claim_since=stamp(since),
                claim_until=stamp(now + timedelta(seconds=seconds)),
            )
        )
        row = items.row_of(connection, tenant, item_id)
        if changed.rowcount != 1:  # someone else's transaction came between the look and the write
            _refuse_decided(row)
            _refuse_claimed(row, reviewer, now)
        mine = items.claim_of(row, now)
    if mine is None:
        raise ClaimedByOther(f"item {item_id} was claimed and given back at this moment; try again")
    return mine


def release(db: Database, item_id: str, *, tenant: str, reviewer: str, now: datetime) -> None:
    """Give a claim back."""
    with db.writing() as connection:
        row = items.row_of(connection, tenant, item_id)
        _refuse_claimed(row, reviewer, now)
        mine = and_(table.c.item_id == item_id, table.c.claim_reviewer == reviewer)
        connection.execute(update(table).where(mine).values(**FREE))


def decide(db: Database, decision: ReviewDecision, *, tenant: str, now: datetime) -> DecisionRecord:
    """Record a decision; errors as ``ReviewQueue.decide``."""
    item_id, reviewer = decision.item_id, decision.reviewer
    with db.reading() as connection:
        held = items.standing(connection, tenant, item_id)
    refuse(held.row, decision.version, reviewer, now)
    if held.inquiry is None or held.suggestion is None:
        raise InvalidDecision(f"item {item_id} was forgotten; there is nothing left to decide on")
    suggestion, lane = held.suggestion, held.suggestion.lane
    action, final = _final(decision, suggestion)
    before = suggestion.draft.text if suggestion.draft is not None else None
    case = None
    if final is not None and "escalate" not in (action, lane):
        case = learned.case_of(
            held.inquiry, suggestion, held.best, final, tenant=tenant, item_id=item_id, at=now
        )
    claimed = items.claim_of(held.row, now)
    route = decision.route or suggestion.route or "supervisor"
    body: dict[str, Any] = {
        "version": decision.version + 1,
        "lane": lane,
        "confidence": suggestion.confidence,
        "reason_code": (decision.reason_code or "other") if action == "reject" else None,
        "route": route if action == "escalate" else suggestion.route,
        "edit_distance": edit_distance(before or "", final)
        if action == "edit" and final is not None
        else None,
        "entry_ids": _decided_on(suggestion, held.best),
        "candidate_id": case.id if case is not None else None,
        "claimed_at": stamp(claimed.since) if claimed is not None else None,
        "session": decision.session,
    }
    content = {
        "reason": decision.reason,
        "before": before,
        "after": final,
        "candidate": None if case is None else case.model_dump(mode="json", exclude_defaults=True),
    }
    with db.writing() as connection:
        lock(connection, tenant)
        refuse(items.row_of(connection, tenant, item_id), decision.version, reviewer, now)
        head = append(
            connection, tenant, action, item_id=item_id, reviewer=reviewer, at=now, body=body, content=content
        )
        change(
            connection,
            item_id,
            decision.version,
            state=STATE[action],
            decided_at=stamp(now),
            decided_seq=head.seq,
            reviewer=reviewer,
            **FREE,
        )
        if case is not None:
            learned.put(connection, case, item_id=item_id, seq=head.seq, reviewer=reviewer, at=now)
        return history.one(connection, tenant, head.seq)


def change(connection: Connection, item_id: str, version: int, **values: Any) -> None:
    """Write an item's next version; nobody else may have written it since."""
    here = and_(table.c.item_id == item_id, table.c.version == version)
    done = connection.execute(update(table).where(here).values(version=version + 1, **values))
    if done.rowcount != 1:
        raise StaleVersion(f"item {item_id} has changed at this very moment; look at it again")


def refuse(row: RowMapping, version: int, reviewer: str, now: datetime) -> None:
    """Raise for an item that ``reviewer`` may not act on, having seen ``version``."""
    _refuse_decided(row)
    if row["version"] != version:
        raise StaleVersion(
            f"item {row['item_id']} has changed: you saw version {version}, it is at {row['version']}; look at it again"
        )
    _refuse_claimed(row, reviewer, now)


def _refuse_decided(row: RowMapping) -> None:
    if row["state"] == "open":
        return
    when = (
        ""
        if row["decided_at"] is None or row["state"] == "withdrawn"
        else f" by {row['reviewer']} at {moment(row['decided_at']):%Y-%m-%d %H:%M} UTC"
    )
    raise AlreadyDecided(f"item {row['item_id']} was {row['state']}{when}")


def _refuse_claimed(row: RowMapping, reviewer: str, now: datetime) -> None:
    held = items.claim_of(row, now)
    if held is not None and held.reviewer != reviewer:
        raise ClaimedByOther(
            f"item {row['item_id']} is claimed by {held.reviewer} until {held.until:%Y-%m-%d %H:%M:%S} UTC"
        )


def _final(decision: ReviewDecision, suggestion: Suggestion) -> tuple[Action, str | None]:
    """Return what is decided, and the text that goes to the customer."""
    draft = suggestion.draft
    if decision.action == "reject" and decision.text is not None:
        raise InvalidDecision("text: 'reject' takes no text; expected it with 'edit' or 'escalate' only")
    if decision.action == "reject" or (decision.action == "escalate" and decision.text is None):
        return decision.action, None
    blanks = (
        [claim.text for claim in draft.claims if claim.source.kind == "agent"] if draft is not None else []
    )
    if decision.action == "approve":
        if decision.text is not None:
            raise InvalidDecision("text: 'approve' sends the draft as it is; give a changed text with 'edit'")
        if draft is None:
            raise InvalidDecision(
                f"item {decision.item_id} has no draft to approve; write a reply and decide 'edit'"
            )
        final = draft.text
    else:
        if decision.text is None or not decision.text.strip():
            raise InvalidDecision(f"text: {decision.action!r} needs the final text, and it is empty")
        final = decision.text
    left = next((blank for blank in blanks if blank in final), None)
    if left is not None:
        raise InvalidDecision(
            f"a blank is not filled in: {left[:80]}; write what belongs there and decide 'edit'"
        )
    if decision.action == "escalate":
        return "escalate", final
    unchanged = draft is not None and final == draft.text
    return ("approve" if unchanged else "edit"), final


def _decided_on(suggestion: Suggestion, best: tuple[tuple[str, str] | None, ...]) -> tuple[str, ...]:
    """Return the entries that the draft cites, else the best ones."""
    if suggestion.draft is not None:
        cited = learned.kept_entries(suggestion.draft, suggestion.draft.text)
        if cited:
            return cited
    return tuple(dict.fromkeys(pair[0] for pair in best if pair is not None))
