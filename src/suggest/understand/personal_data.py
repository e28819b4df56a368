"""Find personal data in a text.

A first line of defence, not a promise: patterns, part-of-speech analysis and a model that has learnt from letters miss
some names. Nothing found is ever reported twice, time is linear in the text, and a text that takes too long is personal
as a whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from suggest.records import PersonalData
from suggest.understand.contact_points import find_contact_points
from suggest.understand.names import find_names, repeated
from suggest.understand.numbers import Found, find_numbers
from suggest.understand.placeholders import placeholder_spans
from suggest.understand.possible_names import find_possible_names
from suggest.understand.postal import find_addresses
from suggest.understand.tagger import find_by_model, may_be, worth_reading
from suggest.understand.widths import fold

SECONDS = 5.0
"""Processor time for one text; a megabyte takes about that long."""
UNREAD = "unread"
"""Type of a text that could not be examined in time: all of it counts as personal."""

_PIECE, _SHARED = 20_000, 200  # characters examined at a time, and those that two pieces share

# Where two kinds claim the same characters, the first one has them.
_PRECEDENCE = (
    "email", "password", "card", "card_expiry", "card_security_code", "bank_account", "national_id", "tracking_number",
    "order_number", "customer_number", "employee_number", "serial_number", "date_of_birth", "address", "phone",
    "ip_address", "name", "age",
)  # fmt: skip
_RANK = {kind: rank for rank, kind in enumerate(_PRECEDENCE)}


def find_personal_data(
    text: str, *, strict: bool = False, seconds: float = SECONDS
) -> tuple[PersonalData, ...]:
    """Return the personal data in ``text``, in order, without overlaps; offsets are into ``text``.

    ``strict`` is for text of past cases, which another customer may see: whatever may be a name is one. When
    ``seconds`` of processor time do not suffice, the answer is one span of type :data:`UNREAD` over the whole text.
    """
    return Examined(text, strict=strict, seconds=seconds).spans()


class Examined:
    """A text and what was found in it, before names that are known from elsewhere are looked for too."""

    def __init__(self, text: str, *, strict: bool = False, seconds: float = SECONDS) -> None:
        """Examine ``text``; arguments as in :func:`find_personal_data`."""
        self.text = text
        self._folded = fold(text)
        self._found: set[Found] | None = set()
        ends = _Deadline(seconds)
        for at, piece in _pieces(self._folded.text) if text else ():
            for kind, start, end in _found(piece, strict=strict):
                self._found.add((kind, at + start, at + end))
            if ends.passed():
                self._found = None  # personal as a whole
                break

    @property
    def names(self) -> set[str]:
        """The names found, folded."""
        return {self._folded.text[start:end] for kind, start, end in self._found or () if kind == "name"}

    def spans(self, known: Iterable[str] = ()) -> tuple[PersonalData, ...]:
        """Return the personal data; folded names that are ``known`` count wherever they stand."""
        if self._found is None:
            return (PersonalData(type=UNREAD, start=0, end=len(self.text)),)
        folded = self._folded
        found = self._found | set(repeated(folded.text, self.names.union(known)))
        done = placeholder_spans(folded.text)
        if done:
            found = {f for f in found if not any(f[1] < end and start < f[2] for start, end in done)}
        return tuple(
            PersonalData(type=kind, start=source[0], end=source[1])
            for kind, start, end in _without_overlaps(found)
            for source in [folded.source(start, end)]
        )


class _Deadline:
    """So many seconds of this thread's processor time; asked for only once so many have passed on the clock.

    The processor's clock can cost a millisecond on a busy machine, more than the examination of a text.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._clock = time.monotonic() + seconds
        self._used: float | None = None

    def passed(self) -> bool:
        if time.monotonic() <= self._clock:
            return False
        if self._used is None:  # slow for others' work, perhaps: from here on only our own counts
            self._used = time.thread_time()
        return time.thread_time() - self._used >= self._seconds


def find_by_patterns(text: str, *, strict: bool = False) -> Iterator[Found]:
    """Yield the personal data in folded ``text`` that has a known shape or stands at a known cue, with overlaps."""
    yield from find_contact_points(text)
    yield from find_numbers(text)
    yield from find_addresses(text)
    yield from find_names(text)
    if strict:
        yield from find_possible_names(text)


def _found(text: str, *, strict: bool) -> Iterator[Found]:
    known = list(find_by_patterns(text, strict=strict))
    yield from known
    if not (strict or known or worth_reading(text)):
        return
    for kind, start, end in find_by_model(text, strict=strict):
        near = [f for f in known if f[1] < end and start < f[2]]
        if near and kind in ("name", "address") and all(f[0] == kind for f in near):
            yield kind, min(start, *(f[1] for f in near)), max(end, *(f[2] for f in near))
        else:
            for first, last in _uncovered(start, end, near):
                if may_be(kind, text[first:last].strip()):
                    yield kind, first, last


def _uncovered(start: int, end: int, taken: Iterable[Found]) -> Iterator[tuple[int, int]]:
    """Yield the parts of a stretch that nothing in ``taken`` covers."""
    for _, first, last in sorted(taken, key=lambda f: f[1]):
        if start < first:
            yield start, first
        start = max(start, last)
    if start < end:
        yield start, end


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut a long text, at line ends where there are some; each piece is examined in bounded time."""
    at = 0
    while len(text) - at > _PIECE:
        end = text.rfind("\n", at + _PIECE // 2, at + _PIECE)
        end = end if end > 0 else at + _PIECE
        yield at, text[at:end]
        at = end - _SHARED
    yield at, text[at:]


def _without_overlaps(found: Iterable[Found]) -> list[Found]:
    """Give every character to the strongest claim on it; weaker claims are trimmed."""
    claims = [f for f in found if f[1] < f[2]]
    taken = bytearray(max((end for _, _, end in claims), default=0))
    kept: list[Found] = []
    for kind, start, end in sorted(claims, key=lambda f: (_RANK.get(f[0], 99), f[1] - f[2], f[1])):
        low, high = start, end
        while low < high and taken[low]:
            low += 1
        while high > low and taken[high - 1]:
            high -= 1
        if low < high and not any(taken[low:high]):
            kept.append((kind, low, high))
            taken[low:high] = b"\x01" * (high - low)
    return sorted(kept, key=lambda f: f[1])
