"""The ledger as a file: CSV that spreadsheets open without harm, and JSON Lines that lose nothing."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import Any, TextIO

from suggest.review.chain import readable
from suggest.review.items import storable
from suggest.review.records import DecisionRecord

COLUMNS = (
    "tenant", "seq", "event", "item_id", "inquiry_id", "reviewer", "at", "version", "lane", "confidence", "reason_code",
    "reason", "route", "edit_distance", "entry_ids", "undoes", "candidate_id", "claimed_at", "session", "forgotten",
    "before", "after", "previous", "hash",
)  # fmt: skip
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_FORMULA = tuple("=+-@＝＋－＠−|%\t\r\n")
_INVISIBLE = " \u00a0\u3000\ufeff\u200b\u200c\u200d\u2060\x00"


def write_csv(records: Iterable[DecisionRecord], out: TextIO) -> int:
    """Write one line a record, all cells quoted; return how many. Open ``out`` as ``utf-8-sig`` for spreadsheets."""
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    count = 0
    for record in records:
        values = record.model_dump(mode="json")
        writer.writerow([cell(values[name]) for name in COLUMNS])
        count += 1
    return count


def write_jsonl(records: Iterable[DecisionRecord], out: TextIO) -> int:
    """Write one JSON object a line; return how many."""
    count = 0
    for record in records:
        out.write(readable(record.model_dump(mode="json")) + "\n")
        count += 1
    return count


def cell(value: Any) -> str:
    """Return a value for a cell that no spreadsheet takes for a formula.

    Text that would begin one gets an apostrophe in front; numbers, negative ones too, stay numbers.
    """
    if value is None:
        return ""
    if isinstance(value, list):
        value = " ".join(map(str, value))
    text = storable(str(value))
    if not isinstance(value, str) or _NUMBER.fullmatch(text):
        return text
    return f"'{text}" if text.startswith("'") or text.lstrip(_INVISIBLE).startswith(_FORMULA) else text
