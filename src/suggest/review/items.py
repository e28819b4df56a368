"""Items of the queue: one for each inquiry of a tenant, with what was suggested for it."""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, and_, func, insert, select

from suggest.errors import LedgerError, SuggestError, UnknownItem, UnknownTenant
from suggest.pipeline import Examined, Suggester
from suggest.records import Inquiry, Lane, Suggestion
from suggest.review.chain import append, canonical, lock, read_json
from suggest.review.database import Database
from suggest.review.records import Claim, ImportReport, ItemSummary, Page
from suggest.review.tables import contents, items, moment, stamp
from suggest.understand.headline import headline

_BATCH = 50
_TITLE, _SEARCHED = 120, 20_000
_NAMED = 100
_FURTHEST = 2**31
_SEVERE = frozenset({"safety", "security"})


class Standing(NamedTuple):
    """An item with what its ledger entries hold."""

    row: RowMapping
    inquiry: Inquiry | None
    """None once forgotten."""
    suggestion: Suggestion | None
    best: tuple[tuple[str, str] | None, ...]
    """For each concern the best entry and the answer it stands for."""


def tenant_of(name: str) -> str:
    """Return a tenant's name as it is kept; raises UnknownTenant for one that names nobody."""
    tenant = name.strip()
    if not tenant or not tenant.isprintable() or len(tenant) > 200:
        raise UnknownTenant(
            f"the call names no tenant (given {name[:40]!r}); every call on the review queue needs one"
        )
    return tenant


def item_id_of(tenant: str, inquiry_id: str) -> str:
    """Return the id of an inquiry's item: the same for the same tenant and inquiry id, telling neither."""
    return (
        "i" + hashlib.sha256(canonical({"tenant": tenant, "inquiry": inquiry_id}).encode()).hexdigest()[:24]
    )


def is_id(given: str) -> bool:
    """Tell whether a text can be the id of an item or a learnt case: databases refuse some characters."""
    return given.isascii() and given.isprintable()


def urgency_of(lane: str, route: str | None) -> int:
    """Return how soon someone should look: 3 most, 0 least."""
    if lane == "escalate":
        return 3 if route in _SEVERE else 2
    return 1 if lane == "review" else 0


def searchable(text: str) -> str:
    """Return text in the form in which the queue is searched."""
    return storable(unicodedata.normalize("NFKC", text).lower())


def storable(text: str) -> str:
    """Return text without what a database cannot hold: NUL and half characters."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def import_inquiries(
    db: Database,
    suggester: Suggester,
    inquiries: Iterable[Inquiry],
    *,
    reviewer: str,
    clock: Callable[[], datetime],
    progress: Callable[[int], None],
) -> ImportReport:
    """Suggest for inquiries that are new, and put them into the queue, in batches of one transaction each."""
    lanes: Counter[Lane] = Counter()
    differing: list[str] = []
    withdrawn: list[str] = []
    done = 0
    for batch in _batches(inquiries):
        ready: list[tuple[Inquiry, Examined]] = []
        problem: SuggestError | None = None
        with db.reading() as connection:
            known = _known(connection, batch)
        for inquiry in batch:
            item_id = item_id_of(tenant_of(inquiry.tenant), inquiry.id)
            try:
                if item_id not in known:
                    ready.append((inquiry, suggester.examine(inquiry)))
                else:
                    text, state = known[item_id]
                    if text not in ("", _search_text(inquiry)):
                        differing.append(inquiry.id)
                    if state == "withdrawn":
                        withdrawn.append(inquiry.id)
            except SuggestError as error:
                problem = error
                break
            known.setdefault(item_id, (_search_text(inquiry), "open"))
            done += 1
            progress(done)
        lanes.update(_add(db, ready, reviewer, clock()))
        if problem is not None:
            raise problem
    imported = sum(lanes.values())
    return ImportReport(
        imported=imported,
        skipped=done - imported,
        differing=tuple(differing[:_NAMED]),
        withdrawn=tuple(withdrawn[:_NAMED]),
        lanes=dict(lanes),
    )


def listing(
    db: Database,
    now: datetime,
    *,
    tenant: str,
    lane: Lane | None,
    route: str,
    state: str,
    query: str,
    offset: int,
    limit: int,
) -> Page:
    """Return a stretch of the queue; arguments as in ``ReviewQueue.items``."""
    c = items.c
    wanted = [c.tenant == tenant]
    if lane is not None:
        wanted.append(c.lane == lane)
    if state == "decided":
        wanted.append(c.state.in_(("approved", "edited", "rejected", "escalated")))
    elif state == "all":
        wanted.append(c.state != "withdrawn")
    else:
        wanted.append(c.state == state)
    if route:
        wanted.append(c.route == route)
    words = searchable(query).strip()
    if words:
        place = func.instr if db.sqlite else func.strpos
        wanted.append(place(c.search_text, words) > 0)
    order = (c.urgency.desc(), c.received_at, c.item_id)
    with db.reading() as connection:
        total = connection.execute(select(func.count()).select_from(items).where(and_(*wanted))).scalar_one()
        found = (
            select(items)
            .where(and_(*wanted))
            .order_by(*order)
            .offset(max(0, min(offset, _FURTHEST)))
            .limit(max(0, min(limit, 1_000)))
        )
        rows = connection.execute(found).mappings().all()
    return Page(items=tuple(ItemSummary(**summary(row, now)) for row in rows), total=int(total))


def row_of(connection: Connection, tenant: str, item_id: str) -> RowMapping:
    """Return an item's row; raises UnknownItem."""
    query = select(items).where(items.c.tenant == tenant, items.c.item_id == item_id)
    row = connection.execute(query).mappings().one_or_none() if is_id(item_id) else None
    if row is None:
        raise UnknownItem(f"tenant {tenant!r} has no item {item_id[:60]!r} in its queue")
    return row


def standing(connection: Connection, tenant: str, item_id: str) -> Standing:
    """Return an item with its inquiry and the suggestion as it is now."""
    row = row_of(connection, tenant, item_id)
    query = (
        select(contents.c.seq, contents.c.content)
        .where(contents.c.tenant == tenant, contents.c.item_id == item_id)
        .order_by(contents.c.seq)
    )
    found = connection.execute(query.where(contents.c.seq <= row["suggestion_seq"])).all()
    if not found:
        return Standing(row, None, None, ())
    first = read_json(found[0][1], f"item {item_id}")
    now = {int(seq): text for seq, text in found}.get(int(row["suggestion_seq"]))
    if now is None or "inquiry" not in first:
        raise LedgerError(f"item {item_id}: its suggestion is missing; `suggest verify` says what is wrong")
    last = read_json(now, f"item {item_id}")
    best = tuple(None if pair is None else (pair[0], pair[1]) for pair in last["best"])
    return Standing(row, Inquiry(**first["inquiry"]), Suggestion(**last["suggestion"]), best)


def suggested(examined: Examined) -> dict[str, Any]:
    """Return what a ledger entry keeps of a suggestion."""
    return {
        "suggestion": examined.suggestion.model_dump(mode="json"),
        "best": [None if best is None else [best.entry_id, best.answer] for best in examined.best],
    }


def summary(row: RowMapping, now: datetime) -> dict[str, Any]:
    """Return the fields of an ItemSummary."""
    same = ("item_id", "tenant", "inquiry_id", "version", "state", "lane", "route", "urgency", "confidence")
    also = ("language", "channel", "title", "reviewer")
    decided = row["decided_at"]
    return {name: row[name] for name in (*same, *also)} | {
        "received_at": moment(row["received_at"]),
        "imported_at": moment(row["imported_at"]),
        "decided_at": None if decided is None else moment(decided),
        "claim": claim_of(row, now),
    }


def claim_of(row: RowMapping, now: datetime) -> Claim | None:
    """Return the claim on an item, when it still holds."""
    if row["claim_reviewer"] is None or moment(row["claim_until"]) <= now:
        return None
    return Claim(
        item_id=row["item_id"],
        reviewer=row["claim_reviewer"],
        since=moment(row["claim_since"]),
        until=moment(row["claim_until"]),
    )


def _add(
    db: Database, ready: Sequence[tuple[Inquiry, Examined]], reviewer: str, now: datetime
) -> Iterator[Lane]:
    """Store suggestions, all or none; yield the lanes of those that nobody stored meanwhile."""
    if not ready:
        return
    added: list[Lane] = []
    with db.writing() as connection:
        for tenant in sorted({tenant_of(inquiry.tenant) for inquiry, _ in ready}):  # always in the same order
            lock(connection, tenant)
        known = _known(connection, [inquiry for inquiry, _ in ready])
        for inquiry, examined in ready:
            tenant, lane = tenant_of(inquiry.tenant), examined.suggestion.lane
            item_id = item_id_of(tenant, inquiry.id)
            if item_id in known:
                continue
            head = append(
                connection,
                tenant,
                "import",
                item_id=item_id,
                reviewer=reviewer,
                at=now,
                body={
                    "version": 1,
                    "lane": lane,
                    "confidence": examined.suggestion.confidence,
                    "route": examined.suggestion.route,
                },
                content={"inquiry": inquiry.model_dump(mode="json")} | suggested(examined),
            )
            connection.execute(
                insert(items).values(_row(inquiry, examined.suggestion, tenant, head.seq, now))
            )
            added.append(lane)
    yield from added


def _row(inquiry: Inquiry, suggestion: Suggestion, tenant: str, seq: int, now: datetime) -> dict[str, Any]:
    return {
        "item_id": item_id_of(tenant, inquiry.id),
        "tenant": tenant,
        "inquiry_id": storable(inquiry.id),
        "version": 1,
        "state": "open",
        "lane": suggestion.lane,
        "route": suggestion.route,
        "urgency": urgency_of(suggestion.lane, suggestion.route),
        "confidence": suggestion.confidence,
        "language": suggestion.language,
        "channel": inquiry.channel,
        "title": storable(headline(inquiry.text))[:_TITLE],
        "search_text": _search_text(inquiry),
        "suggestion_seq": seq,
        "received_at": stamp(inquiry.received_at or now),
        "imported_at": stamp(now),
    }


def _search_text(inquiry: Inquiry) -> str:
    return searchable(f"{inquiry.id}\n{inquiry.text[:_SEARCHED]}")


def _known(connection: Connection, inquiries: Sequence[Inquiry]) -> dict[str, tuple[str, str]]:
    """Return the search text and state of those items that are already in the queue, by id."""
    wanted = [item_id_of(tenant_of(inquiry.tenant), inquiry.id) for inquiry in inquiries]
    query = select(items.c.item_id, items.c.search_text, items.c.state).where(items.c.item_id.in_(wanted))
    return {row[0]: (row[1], row[2]) for row in connection.execute(query)}


def _batches(inquiries: Iterable[Inquiry]) -> Iterator[list[Inquiry]]:
    source = iter(inquiries)
    while batch := list(islice(source, _BATCH)):
        yield batch
