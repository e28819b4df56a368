"""Lines of a text with their list marks: numbers, circled numbers, bullets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

TERMINAL = re.compile(r"[。．.!?！？、,;；]\s*$")
HEADING_CHARS = 48
_LINE = re.compile(r"[^\n]+")
_NUMBER = re.compile(
    r"(?:手順|Step )?([0-9０-９]{1,2})(?:[.．)）:：](?![0-9０-９])|、|\\\.)\s*|[(（]([0-9０-９]{1,2})[)）]\s*"
)
_CIRCLED = re.compile(r"[①-⑳]\s*")
_BULLET = re.compile(r"[・･•·●○◦▪]\s*|[-*–—]\s+|\"\s+")


@dataclass(slots=True)
class Line:
    """A line of text, its list mark cut off: ``source_text[start:end]``."""

    start: int
    end: int
    text: str
    indent: bool
    after_blank: bool
    number: int | None = None
    bullet: bool = False

    @property
    def marked(self) -> bool:
        """The line is a step or a bullet."""
        return self.bullet or self.number is not None


def read_lines(text: str) -> Iterator[Line]:
    """Find the lines that are not blank, with their marks."""
    previous_end = -1
    for match in _LINE.finditer(text):
        raw = match.group()
        stripped = raw.strip()
        if not stripped:
            continue
        start = match.start() + raw.index(stripped[0])
        line = Line(
            start,
            start + len(stripped),
            stripped,
            indent=raw[0].isspace(),
            after_blank="\n" in text[max(previous_end, 0) : match.start()].replace("\n", "", 1),
        )
        previous_end = match.end()
        number = _NUMBER.match(stripped)
        mark = number or _CIRCLED.match(stripped) or _BULLET.match(stripped)
        if stripped[0] in "●○" and len(stripped) <= HEADING_CHARS and not TERMINAL.search(stripped):
            following = text[match.end() : match.end() + 200].lstrip()
            mark = None if following and following[0] != stripped[0] else mark
        if mark and mark.end() < len(stripped):
            if number:
                line.number = int(number.group(1) or number.group(2))
            elif "①" <= stripped[0] <= "⑳":
                line.number = ord(stripped[0]) - ord("①") + 1
            else:
                line.bullet = True
            line.start += mark.end()
            line.text = stripped[mark.end() :]
        yield line
