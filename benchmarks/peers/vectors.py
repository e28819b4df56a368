"""Document vectors kept between runs, so that one model encodes one text once.

Several peers run the same model over the same texts, which on a CPU is most of a comparison's time.
A :class:`Cache` answers from the folder what was encoded before, adds the seconds that the encoding took
then to :attr:`Cache.seconds`, and encodes and keeps the rest. Queries never pass through it. Memory must not
look smaller than it is, so where everything was answered from the folder one batch is encoded all the same.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

CHUNK = 256
BATCH = 32


class Cache:
    """Vectors of texts in a folder of ``.npz`` files."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.seconds = 0.0
        """What the vectors answered from the folder took when they were encoded."""
        self._rehearsed = False
        self._held: dict[str, tuple[Any, float]] = {}
        for path in sorted(folder.glob("*.npz")):
            with np.load(path) as file:
                cost = float(file["seconds"]) / max(1, len(file["keys"]))
                rows = file["vectors"]
                self._held.update(
                    {str(key): (row, cost) for key, row in zip(file["keys"], rows, strict=True)}
                )

    def encode(self, texts: Sequence[str], keys: Sequence[str], encode: Callable[[list[str]], Any]) -> Any:
        """Return one vector a text; ``encode`` is called for those that the folder lacks."""
        names = [hashlib.sha256(key.strip().encode()).hexdigest() for key in keys]
        self.seconds += sum(self._held[name][1] for name in names if name in self._held)
        missing = {name: text for name, text in zip(names, texts, strict=True) if name not in self._held}
        todo = sorted(missing, key=lambda name: len(missing[name]))
        if not todo and not self._rehearsed:
            self._rehearsed = True
            began = time.perf_counter()
            encode(sorted(texts, key=len)[-BATCH:])
            self.seconds -= time.perf_counter() - began
        for start in range(0, len(todo), CHUNK):
            part = todo[start : start + CHUNK]
            began = time.perf_counter()
            vectors = np.asarray(encode([missing[name] for name in part]), dtype=np.float32)
            took = time.perf_counter() - began
            path = self.folder / f"{part[0][:16]}-{len(part)}.npz"
            unfinished = path.with_suffix(".part")
            with unfinished.open("wb") as file:
                np.savez(file, keys=np.array(part), vectors=vectors, seconds=np.array(took))
            unfinished.replace(path)
            self._held.update({n: (v, took / len(part)) for n, v in zip(part, vectors, strict=True)})
        return np.stack([self._held[name][0] for name in names])
