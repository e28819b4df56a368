"""Where bad rows go: a JSON Lines file, written as they come."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

from suggest.errors import SourceError
from suggest.understand.masking import mask_value


class RejectFile:
    """Writes ``{"path", "line", "field", "error", "row"}`` for each bad row.

    The file is begun anew at each load and each line is flushed, so that it holds what was rejected
    however the load ends. Personal data in a row is masked; the place says where the row itself stands. Raises :class:`~suggest.errors.SourceError` rather than touch a source.
    """

    def __init__(self, path: Path, sources: Sequence[Path]) -> None:
        self.path = path
        self._stream: TextIO | None = None
        real = path.resolve()
        for source in sources:
            here = source.resolve()
            same = path.exists() and source.exists() and path.samefile(source)
            inside = source.is_dir() and real.is_relative_to(here) and not real.name.startswith(("_", "."))
            if same or real == here or inside:
                message = (
                    f"bad rows cannot be written here: it belongs to the source {source}; name another file"
                )
                raise SourceError(message, path=str(path))

    def __enter__(self) -> Self:
        try:
            self._stream = self.path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
        except OSError as error:
            raise self._failed(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._stream is not None:
            self._stream.close()

    def write(self, error: SourceError, row: Any) -> None:
        """Add one bad row."""
        if self._stream is None:
            raise ValueError("the reject file is not open")
        line = {
            "path": error.path,
            "line": error.line,
            "field": error.field,
            "error": error.detail,
            "row": mask_value(row),
        }
        try:
            # Lone surrogates become \\udXXX, which is how JSON writes them.
            self._stream.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
            self._stream.flush()
        except OSError as failure:
            raise self._failed(failure) from failure

    def _failed(self, error: OSError) -> SourceError:
        reason = error.strerror or str(error)
        return SourceError(f"bad rows cannot be written here: {reason}", path=str(self.path))
