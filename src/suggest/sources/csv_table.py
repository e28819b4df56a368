"""CSV and TSV: a heading row, then one entry a row; cells may hold line breaks."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from suggest.errors import SourceError
from suggest.records import Article, ResolvedCase
from suggest.sources.rows import LONGEST_ROW, Row, RowError, shown

_KNOWN = set(Article.model_fields) | set(ResolvedCase.model_fields)


def read_csv(stream: TextIO, path: Path, default_id: str) -> Iterator[Row]:
    """Yield the rows of a comma-separated file."""
    del default_id
    return _read(stream, path, ",")


def read_tsv(stream: TextIO, path: Path, default_id: str) -> Iterator[Row]:
    """Yield the rows of a tab-separated file."""
    del default_id
    return _read(stream, path, "\t")


class _Lines:
    """Hands lines to the csv module and remembers those of the row being read."""

    def __init__(self, stream: TextIO, path: Path) -> None:
        self._stream = stream
        self._path = path
        self.number = 0
        self.row: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(LONGEST_ROW)
        if not line:
            raise StopIteration
        self.number += 1
        self.row.append(line)
        if len(line) == LONGEST_ROW:
            message = f"longer than {LONGEST_ROW} characters; is this a CSV file?"
            raise SourceError(message, path=str(self._path), line=self.number)
        return line


def _read(stream: TextIO, path: Path, delimiter: str) -> Iterator[Row]:
    if csv.field_size_limit() < LONGEST_ROW:  # the limit is the interpreter's; it is only ever raised
        csv.field_size_limit(LONGEST_ROW)
    lines = _Lines(stream, path)
    table = csv.reader(lines, delimiter=delimiter, strict=True)
    headings: list[str] | None = None
    while True:
        start = lines.number + 1
        lines.row.clear()
        try:
            cells = next(table)
        except StopIteration:
            break
        except csv.Error as error:
            raw = "".join(lines.row)
            if headings is None or len(lines.row) > 1 or raw.count('"') % 2:
                message = (
                    f"broken quotes between lines {start} and {lines.number} ({error}), so that it is unclear "
                    'where the next row begins; write a quote inside a cell as ""'
                )
                raise SourceError(message, path=str(path), line=start) from error
            yield Row(start, raw.rstrip("\r\n"), RowError(f'broken quotes ({error}); write a quote as ""'))
            continue
        if not any(cell.strip() for cell in cells):
            continue
        if headings is None:
            headings = _headings(cells, path, start, delimiter)
        else:
            yield _row(headings, cells, start)
    if headings is None:
        raise SourceError("empty; expected a heading row with 'id'", path=str(path))


def _headings(cells: list[str], path: Path, line: int, delimiter: str) -> list[str]:
    names = []
    for cell in cells:
        name = unicodedata.normalize("NFKC", cell.strip("\ufeff")).strip()
        names.append(name.lower() if name.lower() in _KNOWN else name)
    for name in names:
        if name and names.count(name) > 1:
            raise SourceError("the heading is given twice; rename one", path=str(path), line=line, field=name)
    if "id" not in names:
        other = next((mark for mark in ",;\t" if mark != delimiter and mark in cells[0]), None)
        hint = f"; cells seem to be separated by {other!r}, not {delimiter!r}" if other else ""
        given = ", ".join(name for name in names if name)
        message = f"no such heading; given {shown(given, 120)}{hint}. The first row must hold the headings"
        raise SourceError(message, path=str(path), line=line, field="id")
    return names


def _row(headings: list[str], cells: list[str], line: int) -> Row:
    if len(cells) != len(headings):
        error = RowError(f"given {len(cells)} cells, expected {len(headings)} as in the heading row")
        return Row(line, cells, error)
    given = dict(zip(headings, cells, strict=True))
    nameless = [cell for name, cell in zip(headings, cells, strict=True) if not name and cell.strip()]
    if nameless:
        return Row(line, cells, RowError(f"the cell {shown(nameless[0])} stands under no heading"))
    return Row(line, given, {name: cell for name, cell in given.items() if name and cell.strip()})
