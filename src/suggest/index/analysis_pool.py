"""Analyses texts in worker processes when there are many.

A worker is ``python -m suggest.index.analysis_worker``: one JSON line in, one JSON line out, and it ends with its
input. A worker that fails is given up, and its share is analysed here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from suggest.index.analysis import Parts, Terms, analyse

_MANY = 2_000  # texts analysed here before workers are worth their start


class AnalysisPool:
    """Callable: parts in, terms out, in order."""

    def __init__(self, workers: int | None = None) -> None:
        """Use ``workers`` processes (None: one for each processor; 0 or 1: none) once there is much to do."""
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._wanted = count if workers is None else workers
        self._workers: list[subprocess.Popen[str]] | None = None
        self._done = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers or ():
            _end(worker)
        self._workers = []

    def __call__(self, parts: Sequence[Parts]) -> list[Terms]:
        """Return the terms of each of ``parts``."""
        self._done += len(parts)
        if self._workers is None and self._wanted > 1 and self._done >= _MANY:
            self._workers = self._start()
        if not self._workers or len(parts) < 8 * len(self._workers):
            return [analyse(part) for part in parts]
        shares = [parts[i :: len(self._workers)] for i in range(len(self._workers))]
        for worker, share in zip(self._workers, shares, strict=True):
            self._send(worker, share)
        answers = [self._receive(w, share) for w, share in zip(self._workers, shares, strict=True)]
        self._workers = [worker for worker in self._workers if worker.poll() is None]
        found: list[Terms] = [Terms("", "", 0)] * len(parts)
        for i, answer in enumerate(answers):
            found[i :: len(answers)] = answer
        return found

    def _start(self) -> list[subprocess.Popen[str]]:
        if not sys.executable or getattr(sys, "frozen", False):
            return []
        home = str(Path(__file__).parents[2])
        environment = os.environ | {
            "PYTHONPATH": os.pathsep.join(filter(None, [home, os.environ.get("PYTHONPATH", "")])),
            "PYTHONIOENCODING": "utf-8:surrogatepass",
        }
        command = [sys.executable, "-m", "suggest.index.analysis_worker"]
        return [
            subprocess.Popen(  # noqa: S603 - our own module
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                encoding="utf-8",
                errors="surrogatepass",
            )
            for _ in range(self._wanted)
        ]

    @staticmethod
    def _send(worker: subprocess.Popen[str], share: Sequence[Parts]) -> None:
        assert worker.stdin is not None
        try:
            worker.stdin.write(json.dumps(share) + "\n")
            worker.stdin.flush()
        except OSError:
            _end(worker)

    @staticmethod
    def _receive(worker: subprocess.Popen[str], share: Sequence[Parts]) -> list[Terms]:
        assert worker.stdout is not None
        try:
            answer = [Terms(*terms) for terms in json.loads(worker.stdout.readline())]
            if len(answer) == len(share):
                return answer
        except (OSError, ValueError, TypeError):
            pass
        _end(worker)
        return [analyse(part) for part in share]


def _end(worker: subprocess.Popen[str]) -> None:
    worker.kill()
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    worker.wait()
