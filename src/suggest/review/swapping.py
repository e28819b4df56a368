"""Evidence of an agent's own choice: the suggestion is composed again from it, and that can be taken back.

Composing is done before the transaction; the item's version, checked again inside it, says whether it still holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, select

from suggest.errors import InvalidDecision, LedgerError, NothingToUndo
from suggest.pipeline import Suggester
from suggest.records import Suggestion
from suggest.review import history, items
from suggest.review.chain import append, lock, read_json
from suggest.review.database import Database
from suggest.review.deciding import change, refuse
from suggest.review.records import DecisionRecord
from suggest.review.tables import contents


def swap(
    db: Database,
    suggester: Suggester,
    item_id: str,
    entry_id: str,
    *,
    tenant: str,
    reviewer: str,
    concern: int,
    session: str,
    now: datetime,
) -> None:
    """Compose an open item again with another entry first; errors as ``ReviewQueue.swap_evidence``."""
    with db.reading() as connection:
        held = items.standing(connection, tenant, item_id)
        swaps = standing_swaps(history.of_item(connection, tenant, item_id))
    version = held.row["version"]
    refuse(held.row, version, reviewer, now)
    if held.inquiry is None:
        raise InvalidDecision(f"item {item_id} was forgotten; there is nothing left to compose from")
    chosen = {entry.concern or 0: entry.entry_ids[0] for entry in swaps} | {concern: entry_id}
    examined = suggester.examine(held.inquiry, chosen=chosen)
    suggestion = examined.suggestion
    body = {
        "version": version + 1,
        "lane": suggestion.lane,
        "route": suggestion.route,
        "entry_ids": (entry_id,),
        "concern": concern,
        "session": session,
    }
    with db.writing() as connection:
        lock(connection, tenant)
        row = items.row_of(connection, tenant, item_id)
        refuse(row, version, reviewer, now)
        head = append(
            connection,
            tenant,
            "swap",
            item_id=item_id,
            reviewer=reviewer,
            at=now,
            body=body,
            content=items.suggested(examined),
        )
        change(connection, item_id, version, suggestion_seq=head.seq, **_shown(row, suggestion))


def take_back(
    connection: Connection, row: RowMapping, *, reviewer: str, session: str, now: datetime
) -> DecisionRecord:
    """Bring back the suggestion as it was before the last swap; inside the caller's transaction.

    Raises NothingToUndo when no swap stands, ClaimedByOther.
    """
    tenant, item_id, version = row["tenant"], row["item_id"], row["version"]
    known = history.of_item(connection, tenant, item_id)
    swaps = standing_swaps(known)
    if not swaps:
        raise NothingToUndo(
            f"item {item_id} is open, and its evidence is as it was suggested; there is nothing to undo"
        )
    refuse(row, version, reviewer, now)
    before = swaps[-2].seq if len(swaps) > 1 else known[0].seq
    there = contents.c.tenant == tenant, contents.c.seq == before
    content = connection.execute(select(contents.c.content).where(*there)).scalar_one_or_none()
    if content is None:
        raise LedgerError(f"item {item_id}: its suggestion is missing; `suggest verify` says what is wrong")
    suggestion = Suggestion(**read_json(content, f"item {item_id}")["suggestion"])
    body = {
        "version": version + 1,
        "lane": suggestion.lane,
        "route": suggestion.route,
        "undoes": swaps[-1].seq,
        "session": session,
    }
    head = append(connection, tenant, "unswap", item_id=item_id, reviewer=reviewer, at=now, body=body)
    change(connection, item_id, version, suggestion_seq=before, **_shown(row, suggestion))
    return history.one(connection, tenant, head.seq)


def standing_swaps(known: Sequence[DecisionRecord]) -> list[DecisionRecord]:
    """Return the swaps among an item's entries that were not taken back, in order."""
    back = {record.undoes for record in known if record.event == "unswap"}
    return [record for record in known if record.event == "swap" and record.seq not in back]


def _shown(row: RowMapping, suggestion: Suggestion) -> dict[str, Any]:
    """Return what the queue shows of a suggestion; an item never becomes less urgent by a swap."""
    urgency = items.urgency_of(suggestion.lane, suggestion.route)
    return {
        "lane": suggestion.lane,
        "route": suggestion.route,
        "urgency": max(int(row["urgency"]), urgency),
        "confidence": suggestion.confidence,
    }
