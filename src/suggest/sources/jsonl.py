"""JSON Lines: one object a line."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO

from suggest.errors import SourceError
from suggest.sources.rows import LONGEST_ROW, Known, Row, RowError, shown

CONVERSION = b"1"
"""Part of every digest: raise it when the same line becomes another entry (parsing, conversion, records)."""


def read_jsonl(stream: TextIO, path: Path, default_id: str, known: Known | None = None) -> Iterator[Row]:
    """Yield one row a line; blank lines are passed over, and lines that are ``known`` not parsed."""
    del default_id  # every line names its own
    number = 0
    while line := stream.readline(LONGEST_ROW):
        number += 1
        if len(line) == LONGEST_ROW and not line.endswith("\n"):
            message = f"longer than {LONGEST_ROW} characters; expected one JSON object a line"
            raise SourceError(message, path=str(path), line=number)
        text = line.strip()
        if not text:
            continue
        digest = hashlib.blake2b(
            text.encode("utf-8", "surrogatepass"), digest_size=16, key=CONVERSION
        ).digest()
        same_as = known(digest) if known is not None else None
        if same_as is not None:
            yield Row(number, text, {}, same_as=same_as)
            continue
        try:
            values = parse_object(text)
        except RowError as error:
            yield Row(number, text, error)
        else:
            yield Row(number, values, values, digest=digest)


def parse_object(text: str) -> dict[str, Any]:
    """Parse a JSON object strictly: no duplicate keys, no NaN or Infinity.

    Raises :class:`~suggest.sources.rows.RowError`.
    """
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float)
    except json.JSONDecodeError as error:
        hint = " (an array over many lines? write one object a line)" if text.startswith("[") else ""
        message = f"not JSON: {error.msg} at column {error.colno}; given {shown(text)}{hint}"
        raise RowError(message) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, deep nesting
        raise RowError(f"not usable JSON: {error}") from error
    if not isinstance(value, dict):
        raise RowError(f"given a JSON {type(value).__name__} ({shown(value)}), expected an object {{…}}")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise RowError("the key is given twice; keep one of them", twice)
    return values


def _constant(name: str) -> NoReturn:
    raise RowError(f"given {name}, which is not JSON; expected a number or null")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise RowError(f"given {shown(digits)}, expected a number that fits")
    return value
