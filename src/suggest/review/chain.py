"""The ledger: one chain of entries for each tenant, each sealed with the hash of the one before.

An entry says who did what to which item and when (canonical JSON); texts stand beside the chain, which holds only
their salted hash, so that they can be erased without breaking a link. What was erased must be named by a later
entry ``forget``. Whoever can write the database could make a whole new chain: keep a head elsewhere now and then.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, and_, insert, select, text, update

from suggest.errors import LedgerError
from suggest.review.records import Event
from suggest.review.tables import chain, contents, heads, stamp

START = "0" * 64
"""What stands for the hash before the first entry."""
_FORMAT = 1
_INSERT_HEAD = text(
    "INSERT INTO ledger_heads (tenant, seq, hash) VALUES (:tenant, 0, :start) ON CONFLICT DO NOTHING"
)


class Head(NamedTuple):
    """The last entry of a chain."""

    seq: int
    """0 for an empty chain."""
    hash: str


def lock(connection: Connection, tenant: str) -> Head:
    """Take the right to append to a tenant's chain until the transaction ends; return its head."""
    query = select(heads.c.seq, heads.c.hash).where(heads.c.tenant == tenant).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        connection.execute(_INSERT_HEAD, {"tenant": tenant, "start": START})
        row = connection.execute(query).one()
    return Head(int(row[0]), str(row[1]))


def head_of(connection: Connection, tenant: str) -> Head:
    """Return the head of a tenant's chain as it is now."""
    row = connection.execute(select(heads.c.seq, heads.c.hash).where(heads.c.tenant == tenant)).one_or_none()
    return Head(0, START) if row is None else Head(int(row[0]), str(row[1]))


def append(
    connection: Connection,
    tenant: str,
    event: Event,
    *,
    item_id: str | None,
    reviewer: str,
    at: datetime,
    body: Mapping[str, Any],
    content: Mapping[str, Any] | None = None,
) -> Head:
    """Append an entry and return the new head. ``content`` may be erased later; ``body`` never."""
    before = lock(connection, tenant)
    row: dict[str, Any] = {
        "tenant": tenant,
        "seq": before.seq + 1,
        "event": event,
        "item_id": item_id,
        "reviewer": reviewer,
        "at": stamp(at),
        "body": canonical(
            {key: value for key, value in body.items() if value is not None and value not in ("", ())}
        ),
        "content_hash": None,
        "previous": before.hash,
    }
    if content is not None:
        written, salt = readable(content), secrets.token_hex(16)
        row["content_hash"] = content_hash(salt, written)
        side = {"tenant": tenant, "seq": row["seq"], "item_id": item_id, "salt": salt, "content": written}
        connection.execute(insert(contents).values(side))
    row["hash"] = entry_hash(row)
    connection.execute(insert(chain).values(row))
    head = Head(row["seq"], row["hash"])
    connection.execute(update(heads).where(heads.c.tenant == tenant).values(seq=head.seq, hash=head.hash))
    return head


def canonical(value: Mapping[str, Any]) -> str:
    """Return JSON that is the same for the same values: keys sorted, ASCII, no spaces."""
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def readable(value: Mapping[str, Any]) -> str:
    """Return JSON with texts as they are, where UTF-8 can hold them."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return written if written.isascii() or _is_utf8(written) else json.dumps(value, separators=(",", ":"))


def content_hash(salt: str, written: str) -> str:
    """Return the hash of a text; the salt, erased with it, keeps short texts from being guessed."""
    return hashlib.sha256(f"{salt}:{written}".encode()).hexdigest()


def entry_hash(row: Mapping[str, Any] | RowMapping) -> str:
    """Return the hash of an entry: SHA-256 over canonical JSON of all its columns but the hash itself."""
    names = ("tenant", "seq", "event", "item_id", "reviewer", "at", "body", "content_hash", "previous")
    sealed = {name: row[name] for name in names} | {"format": _FORMAT}
    return hashlib.sha256(canonical(sealed).encode()).hexdigest()


def problems(connection: Connection) -> Iterator[str]:
    """Yield what is wrong with the chains: of each, the first broken link."""
    tenants = set(connection.execute(select(chain.c.tenant).distinct()).scalars())
    known = set(connection.execute(select(heads.c.tenant)).scalars())
    for tenant in sorted(tenants | known):
        found = _first_problem(connection, tenant)
        if found is not None:
            yield f"ledger of tenant {tenant!r}: {found}"


def _first_problem(connection: Connection, tenant: str) -> str | None:
    last = Head(0, START)
    erased: dict[str | None, int] = {}
    beside = and_(contents.c.tenant == chain.c.tenant, contents.c.seq == chain.c.seq)
    query = (
        select(chain, contents.c.salt, contents.c.content)
        .outerjoin_from(chain, contents, beside)
        .where(chain.c.tenant == tenant)
        .order_by(chain.c.seq)
    )
    with connection.execution_options(yield_per=500).execute(query) as result:
        for row in result.mappings():
            seq = int(row["seq"])
            if seq != last.seq + 1:
                return f"entry {last.seq + 1} is missing"
            if row["previous"] != last.hash:
                return f"entry {seq} does not follow entry {last.seq}: it names another hash before it"
            if row["hash"] != entry_hash(row):
                return f"entry {seq} ({row['event']}, {row['at']}, {row['reviewer']}) was altered: its hash differs"
            if row["content"] is None and row["content_hash"] is not None:
                erased.setdefault(row["item_id"], seq)
            elif row["content"] is not None and row["content_hash"] != content_hash(
                row["salt"], row["content"]
            ):
                return f"entry {seq} ({row['event']}, {row['at']}): its text was altered"
            if row["event"] == "forget":
                erased.pop(row["item_id"], None)
            last = Head(seq, row["hash"])
    if erased:
        return f"entry {min(erased.values())}: its text is gone, and no later entry says that it was to be forgotten"
    said = head_of(connection, tenant)
    if said != last:
        return f"ends at entry {last.seq}, but its head says {said.seq}: entries were cut off or changed"
    return None


def read_json(row_text: str, where: str) -> dict[str, Any]:
    """Parse what the ledger holds; raises LedgerError when it was damaged."""
    try:
        found: dict[str, Any] = json.loads(row_text)
    except ValueError as error:
        raise LedgerError(f"{where}: cannot be read: {error}; `suggest verify` says what is wrong") from error
    return found


def _is_utf8(written: str) -> bool:
    try:
        written.encode()
    except UnicodeEncodeError:
        return False
    return True
