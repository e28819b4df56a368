"""Progress bars: on stderr, and only on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def sync_progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """Show one bar for each stage of a sync."""
    from tqdm import tqdm

    bars: dict[str, Any] = {}

    def show(stage: str, done: int, total: int | None) -> None:
        bar = bars.get(stage)
        if bar is None:
            for finished in bars.values():
                finished.close()
            bar = bars[stage] = tqdm(
                desc=stage, total=total, unit=" entries", leave=False, disable=not sys.stderr.isatty()
            )
        bar.update(done - bar.n)

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()


@contextmanager
def counter(label: str) -> Iterator[Callable[[int], None]]:
    """Show how many are done."""
    from tqdm import tqdm

    with tqdm(desc=label, leave=False, disable=not sys.stderr.isatty()) as bar:
        yield lambda done: bar.update(done - bar.n)
