"""Reads queries (JSONL) and judgements (TSV in BEIR's form), plain or ``.gz``."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from suggest.errors import EvaluationError

_HEADING = ["query_id", "doc_id", "relevance"]
_BEIR_HEADING = ["query-id", "corpus-id", "score"]


class Query(NamedTuple):
    """A question with an id."""

    id: str
    text: str
    tenant: str


def read_queries(path: str | Path) -> Iterator[Query]:
    """Yield the queries of a JSONL file: objects with ``id`` and ``text``."""
    for number, line in _lines(Path(path)):
        try:
            values = json.loads(line)
            query_id, text = values["id"], values["text"]
        except (ValueError, KeyError, TypeError) as error:
            raise EvaluationError(
                f"{path}:{number}: expected an object with id and text (given {line[:60]!r})"
            ) from error
        if not isinstance(text, str) or not isinstance(query_id, str | int):
            raise EvaluationError(f"{path}:{number}: expected id and text as strings")
        yield Query(str(query_id), text, str(values.get("tenant") or "default"))


def read_qrels(path: str | Path) -> dict[str, dict[str, int]]:
    """Return ``{query id: {entry id: grade}}`` of a TSV file with the heading query_id, doc_id, relevance."""
    found: dict[str, dict[str, int]] = {}
    heading: list[str] | None = None
    for number, line in _lines(Path(path)):
        cells = line.split("\t")
        if heading is None:
            heading = cells
            if cells not in (_HEADING, _BEIR_HEADING):
                raise EvaluationError(
                    f"{path}:{number}: expected the heading {'<TAB>'.join(_HEADING)} (given {line[:60]!r})"
                )
            continue
        try:
            query_id, entry_id, grade = cells
            found.setdefault(query_id, {})[entry_id] = int(grade)
        except ValueError as error:
            raise EvaluationError(
                f"{path}:{number}: expected query id, entry id and a whole number, separated by tabs "
                f"(given {line[:60]!r})"
            ) from error
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8-sig") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path}: cannot be read as UTF-8 text: {error}") from error
