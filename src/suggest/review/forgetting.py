"""Erases what a customer wrote, with all texts about it, and leaves the chain whole."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

from sqlalchemy import and_, delete, select, update

from suggest.judge.calibration import LABELS, replace_file
from suggest.review import items, learned
from suggest.review.chain import append, lock
from suggest.review.database import Database
from suggest.review.records import Forgotten
from suggest.review.tables import candidates, contents
from suggest.review.tables import items as table


def forget(
    db: Database, folder: Path, item_id: str, *, tenant: str, reviewer: str, reason: str, now: datetime
) -> Forgotten:
    """Erase an item's texts; the item, its times and who decided stay.

    Can be run again when erasing was interrupted. Backups and PostgreSQL's own log are not reached.
    """
    with db.writing() as connection:
        lock(connection, tenant)
        row = items.row_of(connection, tenant, item_id)
        mine = and_(contents.c.tenant == tenant, contents.c.item_id == item_id)
        seqs = list(connection.execute(select(contents.c.seq).where(mine)).scalars())
        there = connection.execute(
            select(candidates.c.candidate_id, candidates.c.state).where(candidates.c.item_id == item_id)
        ).one_or_none()
        if row["title"] or row["search_text"] or row["inquiry_id"]:
            body = {"version": row["version"] + 1, "lane": row["lane"], "reason_code": _code(reason)}
            head = append(connection, tenant, "forget", item_id=item_id, reviewer=reviewer, at=now, body=body)
            connection.execute(delete(contents).where(mine, contents.c.seq < head.seq))
            learned.withdraw(connection, tenant, item_id)
            gone = {"inquiry_id": "", "title": "", "search_text": "", "version": row["version"] + 1}
            if row["state"] == "open":
                gone["state"] = "forgotten"
            connection.execute(update(table).where(table.c.item_id == item_id).values(**gone))
        else:
            seqs = []
    labels = _erase_labels(folder / LABELS, {learned.candidate_id_of(item_id), row["inquiry_id"]} - {""})
    db.scrub("ledger_contents", "review_items")
    return Forgotten(
        item_id=item_id,
        contents=len(seqs),
        labels=labels,
        still_to_forget=() if there is None or there[1] == "waiting" else (there[0],),
    )


def _code(reason: str) -> str:
    return " ".join(reason.split())[:200]


def _erase_labels(path: Path, ids: set[str]) -> int:
    """Drop the lines of these inquiries from the kept labels; return how many went."""
    if not path.exists():
        return 0
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.strip() or str(json.loads(line).get("id")) not in ids]
    if len(kept) < len(lines):
        replace_file(path, "".join(kept))
    return len(lines) - len(kept)
