"""JSON Lines: one object a line."""

from __future__ import annotations

import json
import math
from codecs import BOM_UTF8
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn, TextIO

from suggest.errors import SourceError
from suggest.sources.rows import LONGEST_ROW, Known, Row, RowError, Same, shown

CONVERSION = b"2"
"""Part of every digest: raise it when the same line becomes another entry (parsing, conversion, records)."""

_BYTES_AT_ONCE = 1 << 19  # of lines that are looked up together


def read_jsonl(stream: TextIO, path: Path, default_id: str) -> Iterator[Row]:
    """Yield one row a line; blank lines are passed over."""
    del default_id  # every line names its own
    for found in read_changed(stream, path, lambda digests: [None] * len(digests)):
        if isinstance(found, Row):
            yield found


def read_changed(stream: TextIO, path: Path, known: Known) -> Iterator[Row | Same]:
    """Like :func:`read_jsonl`, but lines that are ``known`` come together and are not even decoded."""
    lines = _lines(stream, path)
    prefix = b"%s %s\n" % (CONVERSION, stream.encoding.removesuffix("-sig").encode())
    while batch := _some(lines):
        digests = [sha256(prefix + line).digest()[:16] for _, line in batch]
        before = known(digests)
        same = [(number, line, i) for (number, line), i in zip(batch, before, strict=True) if i is not None]
        if same:
            yield Same(*map(list, zip(*same, strict=True)))
        if len(same) == len(batch):
            continue
        for (number, line), digest, same_as in zip(batch, digests, before, strict=True):
            text = "" if same_as is not None else line.decode(stream.encoding).strip()
            if not text:
                continue
            try:
                values = parse_object(text)
            except RowError as error:
                yield Row(number, text, error)
            else:
                yield Row(number, values, values, digest=digest)


def _some(lines: Iterator[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """Return the next lines, so many that looking them up together is worth it."""
    found, held = [], 0
    for each in lines:
        found.append(each)
        held += len(each[1])
        if held > _BYTES_AT_ONCE:
            break
    return found


def _lines(stream: TextIO, path: Path) -> Iterator[tuple[int, bytes]]:
    """Yield the number and the bytes, without the white space around, of each line that is not empty."""
    number, lines = 0, stream.buffer
    while line := lines.readline(LONGEST_ROW):
        number += 1
        if len(line) == LONGEST_ROW and not line.endswith(b"\n"):
            message = f"longer than {LONGEST_ROW} bytes; expected one JSON object a line"
            raise SourceError(message, path=str(path), line=number)
        if number == 1:
            line = line.removeprefix(BOM_UTF8)
        if b"\r" not in line:
            yield number, line.strip()
            continue
        for nth, part in enumerate(line.removesuffix(b"\n").removesuffix(b"\r").split(b"\r")):
            number += nth > 0
            yield number, part.strip()


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
