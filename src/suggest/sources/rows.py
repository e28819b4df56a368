"""The seam of the readers: a file becomes rows, and a row becomes an entry elsewhere.

A reader is any callable that takes a decoded stream and the file's default id, and yields rows in
the order of the file. It never raises for a bad row: it yields the row with the problem in it, so that
the rows that follow stay where they are. It raises :class:`~suggest.errors.SourceError` only where the
rest of the file cannot be told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TextIO

from suggest.understand.masking import mask
from suggest.understand.name_words import JAPANESE

_LOOKED_AT = 2_000
LONGEST_ROW = 100_000_000
"""Characters (bytes in JSON Lines) in one line or article; more is taken for a broken file."""


class RowError(Exception):
    """What is wrong with one row. Internal: callers see a SourceError or a line in the reject file."""

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Row(NamedTuple):
    """One record of a source, before it is checked."""

    line: int
    """First physical line, from 1."""
    given: Any
    """What stood there, for the reject file."""
    values: dict[str, Any] | RowError
    converted: frozenset[str] = frozenset()
    """Fields that the reader has already made plain text of."""
    digest: bytes | None = None
    """Stands for the row as it was written, where the format allows to tell before it is parsed."""


class Same(NamedTuple):
    """Rows that were read before, written just so; they are not parsed."""

    lines: list[int]
    given: list[bytes]
    ids: list[str]
    """The entries that they became."""


Known = Callable[[Sequence[bytes]], Sequence[str | None]]
"""Returns for each digest the id of the entry that a row with it became before, if any."""


class Reader(Protocol):
    """Reads the rows of one format."""

    def __call__(self, stream: TextIO, path: Path, default_id: str) -> Iterator[Row]:
        """Yield the rows of ``stream``; ``path`` is for messages."""


def shown(value: Any, limit: int = 60) -> str:
    """Return ``value`` as it is shown in a message: short, on one line, without personal data."""
    text = repr(value)[:_LOOKED_AT]
    text = mask(text, strict=JAPANESE.search(text) is not None).text
    return text if len(text) <= limit else text[: limit - 1] + "…"
