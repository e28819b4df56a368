"""Bytes become text, strictly: UTF-8 with or without BOM, or CP932 as Japanese Excel writes it.

A file is checked from end to end, in chunks, before its first row is handed out: a file that turns
out to be unreadable half-way never gives half of its entries.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from suggest.errors import SourceError

Notice = Callable[[str], None]

_CHUNK = 1 << 16  # what is decoded stays in the processor's cache
_GZIP = b"\x1f\x8b"
_SAVE_AS = "save it as UTF-8 (in Excel: 'CSV UTF-8')"
_MAGIC = {
    b"PK\x03\x04": f"this is a zip archive or an Excel workbook; {_SAVE_AS}",
    b"\xd0\xcf\x11\xe0": f"this is an old Excel or Word file; {_SAVE_AS}",
    b"%PDF": "this is a PDF; export its text to Markdown or CSV",
    b"\xff\xfe": f"this is UTF-16 (Excel's 'Unicode text'); {_SAVE_AS}",
    b"\xfe\xff": f"this is UTF-16; {_SAVE_AS}",
}
_JAPANESE_RUN = re.compile("[\u3001-\u30ff\u4e00-\u9fff\uff61-\uff9f]{2}")
_NOT_EXCEL = re.compile("[\x80\xa0\uf8f0-\uf8f3]")  # bytes that CP932 leaves undefined


@contextmanager
def open_text(path: Path, notice: Notice, *, keep_line_ends: bool = False) -> Iterator[TextIO]:
    """Open a plain or ``.gz`` file as text in the encoding found.

    Raises :class:`~suggest.errors.SourceError` for whatever keeps the file from being read, also
    while its lines are read.
    """
    try:
        encoding = _encoding(path, notice)
        with (
            _open(path) as binary,
            io.TextIOWrapper(binary, encoding, "strict", "" if keep_line_ends else None) as stream,
        ):
            yield stream
    except UnicodeDecodeError as error:
        raise SourceError(f"changed while it was read ({error}); read it again", path=str(path)) from error
    except EOFError as error:
        raise SourceError(
            "the gzip data is cut off; copy or export the file again", path=str(path)
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(
            f"the gzip data is damaged ({error}); copy the file again", path=str(path)
        ) from error
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror or error}", path=str(path)) from error


def _open(path: Path) -> BinaryIO:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rb")  # type: ignore[return-value]
    return path.open("rb", buffering=_CHUNK)


def _encoding(path: Path, notice: Notice) -> str:
    with path.open("rb") as raw:
        start = raw.read(4)
    zipped = path.suffix.lower() == ".gz"
    if zipped and not start.startswith(_GZIP):
        raise SourceError("named .gz but not gzip; take '.gz' off its name", path=str(path))
    if not zipped and start.startswith(_GZIP):
        raise SourceError("gzip data without '.gz' in the name; add '.gz' to its name", path=str(path))
    unicode_error = _check(path, "utf-8", lambda _: None)
    if unicode_error is None:
        return "utf-8-sig"
    kinds = _Kinds()
    cp932 = _check(path, "cp932", kinds.look) is None and kinds.japanese
    if cp932 and kinds.half_width <= kinds.full_width:
        euc = False
    else:  # EUC-JP often passes for CP932 full of half-width kana
        euc = _check(path, "euc_jp", lambda _: None) is None
    if euc:
        raise SourceError(f"this seems to be EUC-JP; {_SAVE_AS}", path=str(path))
    if cp932:
        notice(f"{path}: read as CP932 (Shift_JIS), because it is not UTF-8")
        return "cp932"
    offset, line, byte = unicode_error
    raise SourceError(
        f"neither UTF-8 nor CP932 (Shift_JIS): byte 0x{byte:02x} at offset {offset} is not UTF-8; {_SAVE_AS}",
        path=str(path),
        line=line,
    )


def _check(path: Path, encoding: str, look: Callable[[str], None]) -> tuple[int, int, int] | None:
    """Decode the whole file; return (offset, line, byte) of the first fault, or None."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    offset, pending = 0, b""
    with _open(path) as stream:
        while True:
            chunk = stream.read(_CHUNK)
            if offset == 0:
                _refuse_magic(path, chunk)
            nul = chunk.find(b"\0")
            if nul >= 0:
                message = f"binary or UTF-16 file (NUL byte at offset {offset + nul}); expected text in UTF-8"
                raise SourceError(message, path=str(path), line=_line_at(path, offset + nul))
            if b"\x1b" in chunk and b"\x1b$" in chunk:  # one byte is found ten times as fast as two
                raise SourceError(f"this is ISO-2022-JP (JIS mail encoding); {_SAVE_AS}", path=str(path))
            pending = decoder.getstate()[0]
            try:
                look(decoder.decode(chunk, final=not chunk))
            except UnicodeDecodeError as error:
                at = offset - len(pending) + error.start
                return at, _line_at(path, at), (pending + chunk)[error.start]
            if not chunk:
                return None
            offset += len(chunk)


def _line_at(path: Path, offset: int) -> int:
    """Return the number of the line that the byte at ``offset`` stands in."""
    line = 1
    with _open(path) as stream:
        while offset and (chunk := stream.read(min(offset, _CHUNK))):
            offset -= len(chunk)
            line += chunk.count(b"\n")
    return line


def _refuse_magic(path: Path, chunk: bytes) -> None:
    for magic, message in _MAGIC.items():
        if chunk.startswith(magic):
            raise SourceError(message, path=str(path))


class _Kinds:
    """Counts what tells Japanese in CP932 from other encodings that happen to decode as it."""

    def __init__(self) -> None:
        self._run = False
        self._odd = False
        self.half_width = 0
        self.full_width = 0

    @property
    def japanese(self) -> bool:
        """Whether characters stand side by side as in Japanese, with no byte that Excel never writes."""
        return self._run and not self._odd

    def look(self, text: str) -> None:
        self._odd = self._odd or bool(_NOT_EXCEL.search(text))
        self._run = self._run or bool(_JAPANESE_RUN.search(text))
        self.half_width += sum(map(len, re.findall("[\uff61-\uff9f]+", text)))
        self.full_width += sum(map(len, re.findall("[\u3041-\u9fff]+", text)))
