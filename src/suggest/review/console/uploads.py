"""Uploaded files as rows: JSON Lines or CSV, UTF-8 or CP932, strict about every row."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from suggest.errors import InvalidRecord, SourceError
from suggest.records import Inquiry

MOST_ROWS = 5_000
_KNOWN = frozenset(Inquiry.model_fields)


def inquiries_of(name: str, data: bytes, tenant: str, *, most: int | None = MOST_ROWS) -> list[Inquiry]:
    """Read inquiries; all of them get ``tenant``, and one that names another is refused. Raises SourceError."""
    found = []
    for line, row in rows_of(name, data, most=most):
        if row.get("tenant") not in (None, "", tenant):
            raise SourceError(
                f"belongs to another tenant than yours ({tenant!r})", path=name, line=line, field="tenant"
            )
        values = {key: value for key, value in row.items() if key in _KNOWN and value not in (None, "")}
        values.setdefault("text", "")
        try:
            found.append(Inquiry(**{**values, "tenant": tenant}))
        except InvalidRecord as error:
            raise SourceError(str(error), path=name, line=line) from error
        at = found[-1].received_at
        if at is not None and not 1970 <= at.year < 9000:
            raise SourceError(
                f"expected a year from 1970 on (given {at.year})", path=name, line=line, field="received_at"
            )
    if not found:
        raise SourceError("holds no rows; expected JSON Lines or CSV with a column 'text'", path=name)
    return found


def rows_of(name: str, data: bytes, *, most: int | None = MOST_ROWS) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number and values of each row of an uploaded file. Raises SourceError that names the line."""
    text = _decode(name, data)
    rows = _json_rows(name, text) if text.lstrip().startswith("{") else _csv_rows(name, text)
    for count, (line, row) in enumerate(rows, 1):
        if most is not None and count > most:
            raise SourceError(
                f"holds more than {most} rows; split it, or use 'suggest review --import FILE'",
                path=name,
                line=line,
            )
        yield line, row


def _json_rows(name: str, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SourceError(
                f"expected a JSON object (given {line[:60]!r})", path=name, line=number
            ) from error
        if not isinstance(row, dict):
            raise SourceError(f"expected a JSON object (given {line[:60]!r})", path=name, line=number)
        yield number, row


def _csv_rows(name: str, text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    head = text.split("\n", 1)[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter="\t" if "\t" in head else ",", strict=True
    )
    try:
        for row in reader:
            if None in row:
                raise SourceError("has more fields than the heading", path=name, line=reader.line_num)
            yield reader.line_num, {(key or "").strip(): value for key, value in row.items()}
    except csv.Error as error:
        raise SourceError(f"is not readable as CSV: {error}", path=name, line=reader.line_num) from error


def _decode(name: str, data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
        except UnicodeDecodeError:
            continue
    raise SourceError("is neither UTF-8 nor CP932 text; save it as UTF-8", path=name)
