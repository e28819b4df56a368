"""What a process cost: time on the clock, and processor time, which others' work on the machine hardly touches."""

from __future__ import annotations

import resource
import subprocess
import time
from typing import NamedTuple


class Cost(NamedTuple):
    """Seconds of a finished process, its start included."""

    clock: float
    processor: float
    """Of the process and the processes that it waited for."""

    def __str__(self) -> str:
        """Return both, for a table."""
        return f"{self.clock:.1f} s ({self.processor:.1f} s of processor time)"


def timed(process: subprocess.Popen[str], began: float) -> tuple[str, Cost]:
    """Wait for a process that was started at ``began``, the only one meanwhile; return its output and cost.

    Raises RuntimeError when it fails.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    output, _ = process.communicate()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise RuntimeError(f"{process.args} ended with {process.returncode}; see the messages above")
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return output or "", Cost(time.perf_counter() - began, used)
