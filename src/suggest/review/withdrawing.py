"""Inquiries that were never meant to be answered, as of a trial run: out of the queue, the figures and the labels.

Nothing is deleted; the ledger says who withdrew what and why, and it can be taken back. Texts are erased by
:mod:`suggest.review.forgetting`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping

from suggest.errors import AlreadyDecided, InvalidDecision, NotAllowed
from suggest.review import history, items, learned
from suggest.review.chain import append, lock
from suggest.review.database import Database
from suggest.review.deciding import FREE, STATE, change
from suggest.review.records import DecisionRecord

_LONGEST_REASON = 4_000


def withdraw(
    db: Database,
    item_ids: Sequence[str],
    *,
    tenant: str,
    reviewer: str,
    reason: str,
    session: str,
    now: datetime,
) -> list[DecisionRecord]:
    """Withdraw items, all or none, each with an entry of its own; errors as ``ReviewQueue.withdraw``."""
    if not reason.strip() or len(reason) > _LONGEST_REASON:
        raise InvalidDecision(
            f"reason: given {len(reason.strip())} characters, expected 1 to {_LONGEST_REASON}: say why they are withdrawn"
        )
    with db.writing() as connection:
        lock(connection, tenant)
        return [
            _withdraw(connection, tenant, item_id, reviewer, reason.strip(), session, now)
            for item_id in dict.fromkeys(item_ids)
        ]


def _withdraw(
    connection: Connection,
    tenant: str,
    item_id: str,
    reviewer: str,
    reason: str,
    session: str,
    now: datetime,
) -> DecisionRecord:
    row = items.row_of(connection, tenant, item_id)
    if row["state"] == "withdrawn":
        raise AlreadyDecided(f"item {item_id} was withdrawn before")
    body = {
        "version": row["version"] + 1,
        "lane": row["lane"],
        "candidate_id": learned.withdraw(connection, tenant, item_id),
        "session": session,
    }
    head = append(
        connection,
        tenant,
        "withdraw",
        item_id=item_id,
        reviewer=reviewer,
        at=now,
        body=body,
        content={"reason": reason},
    )
    change(connection, item_id, row["version"], state="withdrawn", **FREE)
    return history.one(connection, tenant, head.seq)


def restore(
    connection: Connection, row: RowMapping, *, reviewer: str, supervisor: bool, session: str, now: datetime
) -> DecisionRecord:
    """Bring a withdrawn item back to where it stood; a learnt case stays withdrawn. Raises NotAllowed."""
    tenant, item_id = row["tenant"], row["item_id"]
    last = next(
        record
        for record in reversed(history.of_item(connection, tenant, item_id))
        if record.event == "withdraw"
    )
    if last.reviewer != reviewer and not supervisor:
        raise NotAllowed(
            f"item {item_id} was withdrawn by {last.reviewer}; only they or a supervisor can undo that"
        )
    body = {"version": row["version"] + 1, "lane": row["lane"], "undoes": last.seq, "session": session}
    head = append(connection, tenant, "restore", item_id=item_id, reviewer=reviewer, at=now, body=body)
    change(connection, item_id, row["version"], state=_state_before(connection, row))
    return history.one(connection, tenant, head.seq)


def _state_before(connection: Connection, row: RowMapping) -> str:
    if row["decided_seq"] is not None:
        return STATE[history.one(connection, row["tenant"], row["decided_seq"]).event]
    return "open" if row["inquiry_id"] else "forgotten"
