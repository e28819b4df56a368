"""The front of the sources: an iterator of entries that streams and counts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from suggest.errors import SourceError
from suggest.records import Entry
from suggest.sources.convert import entry_from_row
from suggest.sources.decode import Notice, open_text
from suggest.sources.discover import SourceFile, discover
from suggest.sources.jsonl import read_changed, read_jsonl
from suggest.sources.rejects import RejectFile
from suggest.sources.rows import Known, Row, RowError, Same

_SAMPLE = 1 << 22  # bytes from which the number of rows is estimated
_LINE_BITS = 40  # of the place of a row: number of its file, then its line


def read_entries(
    *paths: str | Path,
    skip_bad: str | Path | None = None,
    on_notice: Callable[[str], None] | None = None,
    also: Iterable[Entry] = (),
) -> EntryReader:
    """Read entries from files and folders: JSONL, CSV, TSV and Markdown, plain or ``.gz``.

    Streams: one entry at a time is in memory, and the ids seen. ``skip_bad`` names a file for bad rows,
    which else stop the load; ``reader.rejected`` counts them. ``on_notice`` is told what was left out
    and which files are not UTF-8. ``also`` are entries that follow those of the files, unless a file holds their id:
    learnt cases, which :class:`~suggest.review.ReviewQueue` hands out. Raises :class:`~suggest.errors.SourceError`, here for paths and while
    iterating for what is in them.
    """
    return EntryReader(*paths, skip_bad=skip_bad, on_notice=on_notice, also=also)


class Sourced(NamedTuple):
    """An entry and what stands for its row as written: 16 bytes, or None where the format has none."""

    entry: Entry
    digest: bytes | None


class Part(NamedTuple):
    """Some of what the sources hold."""

    same: list[str]
    """Ids of entries whose rows are the same as before."""
    read: list[Sourced]


class EntryReader(Iterator[Entry]):
    """Iterates once over the entries of the sources, in the order given."""

    def __init__(
        self,
        *paths: str | Path,
        skip_bad: str | Path | None = None,
        on_notice: Callable[[str], None] | None = None,
        also: Iterable[Entry] = (),
    ) -> None:
        if not paths:
            raise SourceError("no source given; name a file or a folder", path="sources")
        notice: Notice = on_notice or (lambda _: None)
        roots = [Path(path) for path in paths]
        self.files: tuple[SourceFile, ...] = tuple(file for root in roots for file in discover(root, notice))
        self.rejected = 0
        """Bad rows left out so far."""
        self._bad_ids: set[str] = set()
        self._nameless = 0
        self._known: Known | None = None
        self._also = also
        sources = [*roots, *(file.path for file in self.files)]
        rejects = None if skip_bad is None else RejectFile(Path(skip_bad), sources)
        self._parts = self._read(notice, rejects)
        self._ahead: list[Sourced] = []

    def __next__(self) -> Entry:
        while not self._ahead:
            self._ahead = next(self._parts).read[::-1]
        return self._ahead.pop().entry

    def lines(self) -> int | None:
        """Return about how many rows there are to read; None where that cannot be told without reading them."""
        if not all(file.read is read_jsonl and file.path.suffix.lower() != ".gz" for file in self.files):
            return None
        count = 0.0
        try:
            for file in self.files:
                with file.path.open("rb") as stream:
                    start = stream.read(_SAMPLE)
                if start:
                    count += start.count(b"\n") * max(1.0, file.path.stat().st_size / len(start))
        except OSError:
            return None  # reading will say what is wrong
        return int(count)

    def sourced(self, known: Known) -> Iterator[Part]:
        """Iterate once over the entries with their digests; rows with a ``known`` digest are not even parsed."""
        self._known = known
        return self._parts

    def still_there(self, entry_id: str) -> bool:
        """Tell, after reading, whether an entry that did not come may be one of the bad rows.

        True for the ids of bad rows, and for every id once a bad row had no id that could be read.
        """
        return self._nameless > 0 or entry_id in self._bad_ids

    def _remember(self, entry_id: object) -> None:
        if isinstance(entry_id, str | int) and str(entry_id).strip():
            self._bad_ids.add(str(entry_id).strip())
        else:
            self._nameless += 1

    def close(self) -> None:
        """Close all files; for who stops half-way."""
        self._parts.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read(self, notice: Notice, rejects: RejectFile | None) -> Generator[Part, None, None]:
        seen: dict[str, int] = {}
        with ExitStack() as stack:
            if rejects is not None:
                stack.enter_context(rejects)
            for number, file in enumerate(self.files):
                empty, start = True, number << _LINE_BITS
                for row in _rows(file, notice, self._known):
                    empty = False
                    if isinstance(row, Same):
                        yield Part(self._same(row, file, start, seen, rejects), [])
                        continue
                    try:
                        entry = entry_from_row(row)
                        self._claim(entry.id, start + row.line, seen)
                    except RowError as problem:
                        values = row.given if isinstance(row.values, RowError) else row.values
                        entry_id = values.get("id") if isinstance(values, dict) else None
                        self._reject(problem, file, row.line, row.given, entry_id, rejects)
                    else:
                        yield Part([], [Sourced(entry, row.digest)])
                if empty:
                    notice(f"{file.path}: holds no entries")
            for entry in self._also:
                if entry.id not in seen:
                    yield Part([], [Sourced(entry, None)])

    def _same(
        self, rows: Same, file: SourceFile, start: int, seen: dict[str, int], rejects: RejectFile | None
    ) -> list[str]:
        """Return the ids of rows that were read before, without those that stand there twice."""
        places = dict(zip(rows.ids, [start + line for line in rows.lines], strict=True))
        if len(places) == len(rows.ids) and seen.keys().isdisjoint(places):
            seen.update(places)
            return rows.ids
        once = []
        for line, given, entry_id in zip(*rows, strict=True):
            try:
                self._claim(entry_id, start + line, seen)
                once.append(entry_id)
            except RowError as problem:
                self._reject(problem, file, line, given.decode(errors="replace"), entry_id, rejects)
        return once

    def _claim(self, entry_id: str, place: int, seen: dict[str, int]) -> None:
        first = seen.setdefault(entry_id, place)
        if first != place:
            path, line = self.files[first >> _LINE_BITS].path, first & ((1 << _LINE_BITS) - 1)
            raise RowError(
                f"{entry_id!r} is already at {path}:{line}; ids must be unique, rename or remove one", "id"
            )

    def _reject(
        self,
        problem: RowError,
        file: SourceFile,
        line: int,
        given: Any,
        entry_id: object,
        rejects: RejectFile | None,
    ) -> None:
        """Note a bad row, or raise SourceError where none is let pass."""
        error = SourceError(str(problem), path=str(file.path), line=line, field=problem.field)
        if rejects is None:
            raise error from problem
        rejects.write(error, given)
        self.rejected += 1
        self._remember(entry_id)


def _rows(file: SourceFile, notice: Notice, known: Known | None) -> Iterator[Row | Same]:
    with open_text(file.path, notice, keep_line_ends=file.keep_line_ends) as stream:
        if file.read is read_jsonl and known is not None:
            yield from read_changed(stream, file.path, known)
        else:
            yield from file.read(stream, file.path, file.default_id)
