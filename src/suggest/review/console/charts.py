"""Charts as plain figures for SVG: everything is worked out here, the template only draws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from suggest.review.records import Day

WIDTH, HEIGHT = 1100.0, 200.0
_MOST_DAYS = 60


class Bar(NamedTuple):
    """One rectangle."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


class Label(NamedTuple):
    """Words under or beside the chart."""

    x: float
    y: float
    text: str


class DayChart(NamedTuple):
    """Received and decided inquiries by day, side by side."""

    bars: list[Bar]
    days: list[Label]
    scale: list[Label]
    """Values on the vertical axis; ``y`` is the height of their line."""


def day_chart(days: Sequence[Day], received: str, decided: str) -> DayChart | None:
    """Draw the last sixty days; days without anything leave a gap. None when there is nothing to draw."""
    if not days:
        return None
    last = days[-1].day
    known = {day.day: day for day in days}
    first = max(days[0].day, last - timedelta(days=_MOST_DAYS - 1))
    first = min(first, last - timedelta(days=6))
    span = (last - first).days + 1
    top = _round_up(max((max(day.received, day.decided) for day in days if day.day >= first), default=1))
    left, bottom, height = 34.0, HEIGHT - 24, HEIGHT - 40
    step = (WIDTH - left) / span
    bars: list[Bar] = []
    labels: list[Label] = []
    for n in range(span):
        date = first + timedelta(days=n)
        x = left + n * step
        if span <= 14 or n % -(-span // 8) == 0:
            labels.append(Label(round(x + step / 2, 1), HEIGHT - 6, f"{date.month}/{date.day}"))
        day = known.get(date)
        if day is None:
            continue
        wide = min(step * 0.36, 22)
        middle = x + step / 2
        for kind, value, at, name in (
            ("received", day.received, middle - wide - 1, received),
            ("decided", day.decided, middle + 1, decided),
        ):
            tall = height * value / top
            bars.append(
                Bar(
                    round(at, 1),
                    round(bottom - tall, 1),
                    round(wide, 1),
                    round(tall, 1),
                    kind,
                    f"{date} {name} {value}",
                )
            )
    scale = [
        Label(left - 6, round(bottom - height * share, 1), str(round(top * share))) for share in (0, 0.5, 1)
    ]
    return DayChart(bars, labels, scale)


def stacked(parts: Sequence[tuple[str, float, str]], width: float = WIDTH, height: float = 18.0) -> list[Bar]:
    """Draw shares of one whole side by side; each part is (kind, value, title)."""
    total = sum(value for _, value, _ in parts)
    bars: list[Bar] = []
    x = 0.0
    for kind, value, title in parts:
        if total <= 0 or value <= 0:
            continue
        wide = width * value / total
        bars.append(Bar(round(x, 1), 0, round(max(wide - 2, 1), 1), height, kind, title))
        x += wide
    return bars


def _round_up(value: int) -> int:
    """Return the next even and round number, so that half of it is whole."""
    size = 2
    while size < value:
        digits = str(size)
        size = size * 5 // 2 if digits.startswith("2") and size >= 10 else size * 2
        size += size % 2
    return size
