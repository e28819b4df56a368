"""Customers' answers from a survey file: one for each inquiry, satisfied or not."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import insert, select

from suggest.errors import InvalidRecord, SourceError
from suggest.records import Timestamp
from suggest.review.chain import append, canonical, lock
from suggest.review.database import Database
from suggest.review.items import item_id_of
from suggest.review.tables import stamp, surveys

SATISFIED = 4
"""The score, of 1 to 5, from which an answer counts as satisfied."""
_YES = frozenset({"true", "1", "yes", "y", "はい", "満足"})
_NO = frozenset({"false", "0", "no", "n", "いいえ", "不満"})
_TIME: TypeAdapter[datetime] = TypeAdapter(Timestamp)


def import_surveys(
    db: Database, rows: Iterable[Mapping[str, Any]], *, tenant: str, reviewer: str, now: datetime
) -> int:
    """Store answers that are new; return how many. All or none; errors as ``ReviewQueue.import_surveys``."""
    answers: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows, 1):
        answer = _answer(number, row, tenant, now)
        answers.setdefault(answer["item_id"], answer)
    with db.writing() as connection:
        lock(connection, tenant)
        query = select(surveys.c.item_id).where(surveys.c.tenant == tenant)
        known = set(connection.execute(query).scalars())
        fresh = [answer for item_id, answer in answers.items() if item_id not in known]
        if not fresh:
            return 0
        digest = hashlib.sha256(canonical({"rows": fresh}).encode()).hexdigest()
        head = append(
            connection,
            tenant,
            "survey",
            item_id=None,
            reviewer=reviewer,
            at=now,
            body={"answers": len(fresh), "sha256": digest},
        )
        connection.execute(
            insert(surveys), [answer | {"tenant": tenant, "seq": head.seq} for answer in fresh]
        )
    return len(fresh)


def read_surveys(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a survey file: JSON Lines, or CSV with headings; raises SourceError with file and line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if path.suffix.lower() == ".csv":
                yield from csv.DictReader(file)
                return
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _object(path, number, line)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SourceError(
            f"cannot be read as UTF-8 CSV or JSON Lines: {error}; save it as UTF-8", path=str(path)
        ) from error


def _object(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SourceError(f"expected a JSON object (given {line[:60]!r})", path=str(path), line=number)
    return found


def _answer(number: int, row: Mapping[str, Any], tenant: str, now: datetime) -> dict[str, Any]:
    inquiry_id = str(row.get("inquiry_id") or "").strip()
    if not inquiry_id:
        raise InvalidRecord(
            f"survey row {number}: inquiry_id is missing; expected the id of the inquiry answered"
        )
    try:
        answered = _TIME.validate_python(row.get("answered_at") or now)
    except ValidationError as error:
        raise InvalidRecord(
            f"survey row {number}: answered_at: given {row.get('answered_at')!r}, expected a date or time"
        ) from error
    return {
        "item_id": item_id_of(tenant, inquiry_id),
        "satisfied": int(_satisfied(number, row)),
        "answered_at": stamp(answered),
    }


def _satisfied(number: int, row: Mapping[str, Any]) -> bool:
    said = str(row.get("satisfied") if row.get("satisfied") is not None else "").strip().lower()
    if said in _YES or said in _NO:
        return said in _YES
    score = row.get("score")
    try:
        value = float(score) if score is not None else 0.0
    except (TypeError, ValueError):
        value = 0.0
    if said or not 1 <= value <= 5:
        raise InvalidRecord(
            f"survey row {number}: given satisfied {said!r} and score {score!r}; expected satisfied true or false, or a score "
            "of 1 to 5"
        )
    return value >= SATISFIED
