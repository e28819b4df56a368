"""How often a login may fail."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

_MOST_KEYS = 10_000
_ADDRESS_FACTOR = 6
_NAME_FACTOR = 20


class Throttle:
    """Counts failures by name and address, by address, and by name; each has its own limit.

    The limit for a name from anywhere is high, so that a stranger cannot easily lock somebody out.
    """

    def __init__(self, failures: int, window: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = (failures, failures * _ADDRESS_FACTOR, failures * _NAME_FACTOR)
        self._window = window
        self._clock = clock
        self._seen: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, name: str, address: str) -> int:
        """Return for how many seconds no further attempt is allowed; 0 when one is."""
        now = self._clock()
        with self._lock:
            waits = [
                self._remaining(key, limit, now)
                for key, limit in zip(_keys(name, address), self._limits, strict=True)
            ]
        return max(waits)

    def failed(self, name: str, address: str) -> None:
        """Count a failure."""
        now = self._clock()
        with self._lock:
            for key in _keys(name, address):
                self._seen.setdefault(key, deque()).append(now)
                self._seen.move_to_end(key)
            while len(self._seen) > _MOST_KEYS:
                self._seen.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forget the failures of this name from this address."""
        with self._lock:
            self._seen.pop(_keys(name, address)[0], None)

    def _remaining(self, key: tuple[str, str], limit: int, now: float) -> int:
        times = self._seen.get(key)
        while times and times[0] <= now - self._window:
            times.popleft()
        if not times:
            self._seen.pop(key, None)
            return 0
        return 0 if len(times) < limit else int(times[0] + self._window - now) + 1


def _keys(name: str, address: str) -> tuple[tuple[str, str], ...]:
    short = name.strip()[:100]
    return ((short, address), ("", address), (short, ""))
