"""What the ledger says, entry by entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Select, and_, select

from suggest.review.chain import read_json
from suggest.review.database import Database
from suggest.review.records import DecisionRecord, Event
from suggest.review.tables import chain, contents, items, moment, stamp

DECISIONS: tuple[Event, ...] = ("approve", "edit", "reject", "escalate", "undo", "withdraw", "restore")
_AT_ONCE = 500


def entries(
    db: Database, tenant: str, *, since: datetime | None = None, events: Sequence[Event] | None = None
) -> Iterator[DecisionRecord]:
    """Yield a tenant's ledger in order; ``events`` keeps only these. Reads in stretches, so writers never wait."""
    query = _joined().where(chain.c.tenant == tenant).order_by(chain.c.seq).limit(_AT_ONCE)
    if since is not None:
        query = query.where(chain.c.at >= stamp(since))
    if events is not None:
        query = query.where(chain.c.event.in_(events))
    last = 0
    while True:
        with db.reading() as connection:
            rows = connection.execute(query.where(chain.c.seq > last)).mappings().all()
        yield from map(record, rows)
        if len(rows) < _AT_ONCE:
            return
        last = int(rows[-1]["seq"])


def newest(
    db: Database, tenant: str, *, before: int | None = None, limit: int = 50
) -> tuple[DecisionRecord, ...]:
    """Return the last entries of a tenant's ledger, the newest first; ``before`` leaves out those from there on."""
    query = _joined().where(chain.c.tenant == tenant).order_by(chain.c.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(chain.c.seq < before)
    with db.reading() as connection:
        return tuple(record(row) for row in connection.execute(query).mappings())


def of_item(connection: Connection, tenant: str, item_id: str) -> tuple[DecisionRecord, ...]:
    """Return what the ledger says of one item, in order."""
    query = _joined().where(chain.c.tenant == tenant, chain.c.item_id == item_id).order_by(chain.c.seq)
    return tuple(record(row) for row in connection.execute(query).mappings())


def one(connection: Connection, tenant: str, seq: int) -> DecisionRecord:
    """Return one entry that exists."""
    query = _joined().where(chain.c.tenant == tenant, chain.c.seq == seq)
    return record(connection.execute(query).mappings().one())


def _joined() -> Select[tuple[object, ...]]:
    beside = and_(contents.c.tenant == chain.c.tenant, contents.c.seq == chain.c.seq)
    source = chain.outerjoin(contents, beside).outerjoin(items, items.c.item_id == chain.c.item_id)
    return select(chain, contents.c.content, items.c.inquiry_id).select_from(source)


def record(row: RowMapping) -> DecisionRecord:
    """Return a row of the ledger as a record."""
    where = f"ledger entry {row['seq']} of tenant {row['tenant']!r}"
    body = read_json(row["body"], where)
    forgotten = row["content"] is None and row["content_hash"] is not None
    content = read_json(row["content"], where) if row["content"] is not None else {}
    claimed = body.get("claimed_at")
    return DecisionRecord(
        tenant=row["tenant"],
        seq=row["seq"],
        event=row["event"],
        item_id=row["item_id"],
        inquiry_id=row["inquiry_id"] or None,
        reviewer=row["reviewer"],
        at=moment(row["at"]),
        version=body.get("version", 0),
        lane=body.get("lane"),
        confidence=body.get("confidence"),
        reason=None if forgotten else content.get("reason", ""),
        reason_code=body.get("reason_code"),
        route=body.get("route"),
        before=content.get("before"),
        after=content.get("after"),
        edit_distance=body.get("edit_distance"),
        entry_ids=tuple(body.get("entry_ids", ())),
        concern=body.get("concern"),
        undoes=body.get("undoes"),
        candidate_id=body.get("candidate_id"),
        claimed_at=None if claimed is None else moment(claimed),
        session=body.get("session", ""),
        forgotten=forgotten,
        previous=row["previous"],
        hash=row["hash"],
    )
