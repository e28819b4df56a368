"""Which files a source holds, in a fixed order."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from suggest.errors import SourceError
from suggest.sources.csv_table import read_csv, read_tsv
from suggest.sources.decode import Notice
from suggest.sources.jsonl import read_jsonl
from suggest.sources.markdown import read_markdown
from suggest.sources.rows import Reader

READERS: dict[str, Reader] = {
    ".csv": read_csv,
    ".jsonl": read_jsonl,
    ".markdown": read_markdown,
    ".md": read_markdown,
    ".ndjson": read_jsonl,
    ".tsv": read_tsv,
}
_EXPECTED = "expected " + ", ".join(READERS) + ", each plain or with .gz"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file to read."""

    path: Path
    read: Reader
    default_id: str
    """Path relative to the source, without suffix."""

    @property
    def keep_line_ends(self) -> bool:
        """Whether line ends inside cells matter to the reader."""
        return self.read in (read_csv, read_tsv)


def discover(path: Path, notice: Notice) -> list[SourceFile]:
    """Return the files of ``path`` (a file or a folder, read recursively in sorted order).

    Names that begin with ``_`` or ``.``, ``README*`` and unknown suffixes are left out of folders, with
    a notice. Raises :class:`~suggest.errors.SourceError` where there is nothing to read.
    """
    try:
        if path.is_dir():
            files = list(_walk(path, path, notice))
            if not files:
                raise SourceError(f"the folder holds no file to read; {_EXPECTED}", path=str(path))
            return files
        if not path.exists():
            raise SourceError("no such file or folder; check the path", path=str(path))
        if not path.is_file():
            raise SourceError("not a regular file; write it to a file first", path=str(path))
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror or error}", path=str(path)) from error
    found = _source_file(path, path.parent)
    if found is None:
        raise SourceError(f"unknown kind of file; {_EXPECTED}", path=str(path))
    return [found]


def _walk(folder: Path, root: Path, notice: Notice) -> Iterator[SourceFile]:
    for path in sorted(folder.iterdir()):
        if path.name.startswith(("_", ".")):
            notice(f"{path}: left out, its name begins with {path.name[0]!r}")
        elif path.is_dir():
            if path.is_symlink():
                notice(f"{path}: left out, a link to a folder; name that folder as a source of its own")
            else:
                yield from _walk(path, root, notice)
        elif path.name.upper().startswith("README"):
            notice(f"{path}: left out, a README")
        elif not path.is_file():
            notice(f"{path}: left out, not a regular file")
        elif (found := _source_file(path, root)) is None:
            notice(f"{path}: left out, unknown suffix; {_EXPECTED}")
        else:
            yield found


def _source_file(path: Path, root: Path) -> SourceFile | None:
    name = path.relative_to(root).as_posix()
    if name.lower().endswith(".gz"):
        name = name[:-3]
    stem, dot, suffix = name.rpartition(".")
    reader = READERS.get((dot + suffix).lower())
    return None if reader is None else SourceFile(path, reader, unicodedata.normalize("NFC", stem))
