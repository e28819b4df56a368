"""Holds the queue against the ledger: what the tables say must be what the chain tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from suggest.review import chain
from suggest.review.chain import read_json
from suggest.review.database import Database
from suggest.review.records import Event, State
from suggest.review.tables import candidates, items
from suggest.review.tables import chain as table

_STATE: dict[Event, State] = {
    "import": "open",
    "approve": "approved",
    "edit": "edited",
    "reject": "rejected",
    "escalate": "escalated",
    "undo": "open",
}
_SHOWN = 50


def problems(db: Database) -> list[str]:
    """Return what is wrong: the database's files, each chain's first broken link, items that say something else."""
    found = db.integrity()
    if not found:
        with db.reading() as connection:
            found = list(chain.problems(connection))
            if not found:  # a broken chain tells nothing about items
                found = list(_differences(connection))
    return found[:_SHOWN]


def _differences(connection: Connection) -> Iterator[str]:
    told: dict[str, dict[str, Any]] = {}
    learnt: dict[str, tuple[str, int]] = {}
    query = select(table.c.seq, table.c.event, table.c.item_id, table.c.body).order_by(
        table.c.tenant, table.c.seq
    )
    for seq, event, item_id, body in connection.execute(query):
        said = read_json(body, f"ledger entry {seq}")
        case = str(said.get("candidate_id", ""))
        if event in ("learn_approve", "learn_reject"):
            learnt[case] = (
                "approved" if event == "learn_approve" else "rejected",
                learnt.get(case, ("", 0))[1],
            )
            continue
        if item_id is None:
            continue
        now = told.setdefault(item_id, {"seq": None})
        now["version"] = said["version"]
        if event in _STATE:
            now |= {"state": _STATE[event], "seq": None if _STATE[event] == "open" else seq}
        if event == "withdraw":
            now |= {"before": now["state"], "state": "withdrawn"}
        if event == "restore":
            now["state"] = now["before"]
        if event == "forget":
            now |= {name: "forgotten" for name in ("state", "before") if now.get(name) == "open"}
        if event in ("approve", "edit") and case:
            learnt[case] = ("waiting", seq)
        mine = "learned-" + item_id[1:]
        if event in ("undo", "forget", "withdraw") and mine in learnt:
            learnt[mine] = ("withdrawn", learnt[mine][1])
    c = items.c
    for item_id, state, version, seq in connection.execute(
        select(c.item_id, c.state, c.version, c.decided_seq)
    ):
        now = told.pop(item_id, {})
        if (now.get("state"), now.get("version"), now.get("seq")) != (state, version, seq):
            yield (
                f"item {item_id}: the queue says {state}, version {version}; the ledger says "
                f"{now.get('state', 'nothing')}, version {now.get('version', 0)}"
            )
    yield from (f"item {item_id}: is missing from the queue" for item_id in told)
    c = candidates.c
    for case, state, seq in connection.execute(select(c.candidate_id, c.state, c.seq)):
        if learnt.pop(case, None) != (state, seq):
            yield f"learnt case {case}: is {state}, which the ledger does not tell"
    yield from (f"learnt case {case}: is missing" for case in learnt)
