"""Taking back what was done to an item: a decision, a swap of evidence, a withdrawal. Nothing is deleted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, RowMapping

from suggest.errors import NotAllowed, NothingToUndo
from suggest.review import history, items, learned, swapping, withdrawing
from suggest.review.chain import append, lock
from suggest.review.database import Database
from suggest.review.deciding import change
from suggest.review.records import DecisionRecord


def undo(
    db: Database, item_id: str, *, tenant: str, reviewer: str, supervisor: bool, session: str, now: datetime
) -> DecisionRecord:
    """Take back the last thing done to an item; errors as ``ReviewQueue.undo``."""
    with db.writing() as connection:
        lock(connection, tenant)
        row = items.row_of(connection, tenant, item_id)
        if row["state"] == "forgotten":
            raise NothingToUndo(f"item {item_id} is forgotten; there is no decision to undo")
        if row["state"] == "open":
            return swapping.take_back(connection, row, reviewer=reviewer, session=session, now=now)
        if row["state"] == "withdrawn":
            return withdrawing.restore(
                connection, row, reviewer=reviewer, supervisor=supervisor, session=session, now=now
            )
        return _reopen(connection, row, reviewer=reviewer, supervisor=supervisor, session=session, now=now)


def _reopen(
    connection: Connection, row: RowMapping, *, reviewer: str, supervisor: bool, session: str, now: datetime
) -> DecisionRecord:
    """Open a decided item again."""
    tenant, item_id = row["tenant"], row["item_id"]
    if row["title"] == "" and items.standing(connection, tenant, item_id).inquiry is None:
        raise NothingToUndo(f"item {item_id} was forgotten; its decision cannot be taken back")
    if row["reviewer"] != reviewer and not supervisor:
        raise NotAllowed(
            f"item {item_id} was {row['state']} by {row['reviewer']}; only they or a supervisor can undo that"
        )
    withdrawn = learned.withdraw(connection, tenant, item_id)
    body = {
        "version": row["version"] + 1,
        "lane": row["lane"],
        "undoes": row["decided_seq"],
        "candidate_id": withdrawn,
        "session": session,
    }
    head = append(connection, tenant, "undo", item_id=item_id, reviewer=reviewer, at=now, body=body)
    change(
        connection,
        item_id,
        row["version"],
        state="open",
        decided_at=None,
        decided_seq=None,
        reviewer=None,
    )
    return history.one(connection, tenant, head.seq)
