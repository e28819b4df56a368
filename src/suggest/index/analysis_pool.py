"""Analyses texts, and prepares past cases, in worker processes when there are many.

A worker is ``python -m suggest.index.analysis_worker``: one JSON line in, one JSON line out, and it ends with its
input. A worker that fails is given up, and its share is analysed here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

from suggest.index.analysis import Parts, Terms, analyse, parts_of_case
from suggest.records import ResolvedCase
from suggest.understand.masking import MASKED_FIELDS, MaskedCase, mask_fields, with_masked

_In = TypeVar("_In")
_Out = TypeVar("_Out")

_MANY = 1_000  # texts analysed here before workers are worth their start


class PreparedCase(NamedTuple):
    """A case as it is stored, masked, and its terms."""

    masked: MaskedCase
    terms: Terms


def prepare_fields(said: dict[str, Any]) -> tuple[dict[str, Any], Counter[str], Terms]:
    """Mask the fields of a case, and analyse what is left: what changed, how often by type, and the terms."""
    changed, counts = mask_fields(said)
    now = {**said, **changed}
    return changed, counts, analyse(parts_of_case(now["inquiry"], now["reply"], now["product"], now["tags"]))


TASKS: dict[str, Callable[[Any], Any]] = {
    "analyse": lambda given: analyse(Parts(*given)),
    "prepare": prepare_fields,
}
"""What a worker can do to one item; what goes in and comes out is JSON."""


class AnalysisPool:
    """Callable: parts in, terms out, in order.

    Threads may share one: a worker finds the next task waiting when it has done one, and answers in the order in which
    it was asked.
    """

    def __init__(self, workers: int | None = None) -> None:
        """Use ``workers`` processes (None: one for each processor; 0 or 1: none) once there is much to do."""
        count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        self._wanted = count if workers is None else workers
        self._workers: list[subprocess.Popen[str]] | None = None
        self._done = 0
        self._asking = threading.Lock()
        self._answered = threading.Event()
        """Set once the task that was asked for last has been answered."""
        self._answered.set()

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
        return self._each("analyse", parts, analyse, list, lambda _, terms: Terms(*terms))

    def prepare(self, cases: Sequence[ResolvedCase]) -> list[PreparedCase]:
        """Return each of ``cases`` masked, with the terms of what is left."""
        return self._each(
            "prepare",
            cases,
            lambda case: _prepared(case, prepare_fields(_fields(case))),
            _fields,
            _prepared,
        )

    def _each(
        self,
        task: str,
        items: Sequence[_In],
        here: Callable[[_In], _Out],
        sent: Callable[[_In], Any],
        received: Callable[[_In, Any], _Out],
    ) -> list[_Out]:
        """Do ``here`` to each item; when there are many, workers do ``task`` to what is ``sent`` of them."""
        with self._asking:
            self._done += len(items)
            if self._workers is None and self._wanted > 1 and self._done >= _MANY:
                self._workers = self._start()
            alive = [worker for worker in self._workers or () if worker.poll() is None]
            workers = alive if len(items) >= 8 * len(alive) else []
            shares = [items[i :: len(workers)] for i in range(len(workers))]
            messages = [json.dumps([task, [sent(item) for item in share]]) for share in shares]
            for worker, message in zip(workers, messages, strict=True):
                self._send(worker, message)
            before, self._answered = self._answered, threading.Event()
            answered = self._answered
        before.wait()
        try:
            answers = [
                self._receive(worker, len(share)) for worker, share in zip(workers, shares, strict=True)
            ]
        finally:
            answered.set()
        if not answers:
            return [here(item) for item in items]
        found: dict[int, _Out] = {}
        for i, (answer, share) in enumerate(zip(answers, shares, strict=True)):
            made = [here(item) for item in share] if answer is None else list(map(received, share, answer))
            found.update(zip(range(i, len(items), len(answers)), made, strict=True))
        return [found[i] for i in range(len(items))]

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
    def _send(worker: subprocess.Popen[str], message: str) -> None:
        assert worker.stdin is not None
        try:
            worker.stdin.write(message + "\n")
            worker.stdin.flush()
        except (OSError, ValueError):  # ended, or given up by another thread
            _end(worker)

    @staticmethod
    def _receive(worker: subprocess.Popen[str], count: int) -> list[Any] | None:
        """Return what a worker made of ``count`` items, or None when it failed."""
        assert worker.stdout is not None
        try:
            answer = json.loads(worker.stdout.readline())
            if isinstance(answer, list) and len(answer) == count:
                return answer
        except (OSError, ValueError):
            pass
        _end(worker)
        return None


def _fields(case: ResolvedCase) -> dict[str, Any]:
    return case.model_dump(mode="json", include=MASKED_FIELDS)


def _prepared(case: ResolvedCase, made: Sequence[Any]) -> PreparedCase:
    changed, counts, terms = made
    return PreparedCase(with_masked(case, changed, Counter(counts)), Terms(*terms))


def _end(worker: subprocess.Popen[str]) -> None:
    worker.kill()
    for stream in (worker.stdin, worker.stdout):
        if stream is not None:
            with suppress(OSError):
                stream.close()
    worker.wait()
