"""Proofs that a re-index never loses, mixes or waits.

    python benchmarks/durability.py [--kills 1000] [--step 1] [--mutations 10000] [--minutes 10] [--searches 1000000] [--only NAME]

``kills``       kill -9 at random moments of a re-index, then reopen: what was acknowledged is there, nothing is mixed
``operations``  kill -9 before each change to a file, a full disk from each on, one failed operation at each
``near``        the same with the approximate vector index
``mutations``   damaged, cut, swapped and removed files: an error that names one, or the right answer
``rivals``      8 readers and 2 competing writers: no torn read, one writer at a time
``tenants``     searches with the names of 100 tenants, and with forged ones: no foreign entry

Needs a C compiler for ``operations`` (faults are injected under the process, so that SQLite, tantivy and FAISS meet
them too). Exit status 1 when a proof fails.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from reindex import mutations, rivals, tenants

HERE = Path(__file__).parent / "reindex"
KILL, FULL, FAILED = 1, 2, 3
LIVE, NEXT = 7, 8
"""Versions of the sources: in the knowledge base before each trial, and being synced."""


class Victim:
    """The process that syncs; see reindex/victim.py."""

    def __init__(self, library: Path | None, *, near: bool) -> None:
        self._near = near
        extra = {"LD_PRELOAD": str(library)} if library else {}
        self._process = subprocess.Popen(
            [sys.executable, str(HERE / "victim.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ | extra,
        )  # fmt: skip

    def ask(self, **request: Any) -> dict[str, Any]:
        """Run one request to its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request | {"near": self._near}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def fault_library(folder: Path) -> Path | None:
    """Compile reindex/faults.c; None without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or sys.platform != "linux":
        return None
    target = folder / "faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", target, HERE / "faults.c", "-ldl"], check=True)
    return target


@contextmanager
def bench(*, near: bool = False) -> Iterator[tuple[Path, Path, Victim]]:
    """Give a folder to work in, a knowledge base with a history, and a victim."""
    with tempfile.TemporaryDirectory(prefix="suggest-durability-") as name:
        work = Path(name)
        victim = Victim(fault_library(work), near=near)
        try:
            for version in (LIVE - 2, LIVE - 1, LIVE):
                said = victim.ask(do="sync", folder=str(work / "base"), version=version)
                assert said.get("acknowledged"), said
            yield work, work / "base", victim
        finally:
            victim.close()


def trial(
    work: Path, base: Path, victim: Victim, tally: Counter[str], *, repair: bool, **fault: Any
) -> float:
    """Copy ``base``, sync the next version under a fault, and judge what is left. Returns seconds to reopen."""
    folder = work / "trial"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base, folder)
    said = victim.ask(do="sync", folder=str(folder), version=NEXT, **fault)
    if "crashed" in said:
        tally[f"FAILED: crashed: {said['crashed'][:80]}"] += 1
    tally["killed" if said["status"] else "acknowledged" if said.get("acknowledged") else "refused"] += 1
    if "refused" in said and not _clear(said["refused"]):
        tally[f"FAILED: unclear error {said['refused'][:100]}"] += 1
    after = victim.ask(do="check", folder=str(folder), versions=[LIVE, NEXT])
    if "crashed" in after:
        tally[f"FAILED: does not reopen: {after['crashed'][:80]}"] += 1
        return 0.0
    for problem in after["wrong"]:
        tally[f"FAILED: {problem[:100]}"] += 1
    if said.get("acknowledged") and after["version"] != NEXT:
        tally["FAILED: acknowledged and lost"] += 1
    tally["left on the new generation" if after["version"] == NEXT else "left on the old generation"] += 1
    if repair:
        again = victim.ask(do="sync", folder=str(folder), version=NEXT)
        after_that = victim.ask(do="check", folder=str(folder), versions=[NEXT])
        if not again.get("acknowledged") or after_that.get("wrong", ["?"]):
            tally[f"FAILED: no sync after it: {again} {after_that}"[:160]] += 1
        tally["synced afterwards"] += 1
    return float(after["seconds"])


def _clear(message: str) -> bool:
    """Tell whether an error names a file and what is wrong."""
    return "trial" in message and any(
        word in message
        for word in (
            "No space",
            "space left",
            "Input/output",
            "I/O",
            "disk",
            "full",
            "os error",
            "cannot be",
            "unable to open",
        )
    )


def kills(count: int) -> Counter[str]:
    """Kill -9 at random moments between the start of a sync and a little after its usual end."""
    tally: Counter[str] = Counter()
    slowest = 0.0
    with bench() as (work, base, victim):
        began = time.perf_counter()
        for _ in range(3):
            trial(work, base, victim, Counter(), repair=False)
        usual = (time.perf_counter() - began) / 3
        for number in range(count):
            delay = random.Random(number).random() * usual
            seconds = trial(work, base, victim, tally, repair=number % 10 == 0, delay=delay)
            slowest = max(slowest, seconds)
    _reopening(tally, slowest)
    return tally


def operations(
    step: int = 1, modes: tuple[int, ...] = (KILL, FULL, FAILED), *, near: bool = False
) -> Counter[str]:
    """Kill, fill the disk, or fail once, at each (``step``-th) change to a file."""
    tally: Counter[str] = Counter()
    slowest = 0.0
    with bench(near=near) as (work, base, victim):
        if not (work / "faults.so").exists():
            tally["left out: no C compiler"] += 1
            return tally
        shutil.copytree(base, work / "trial")
        total = victim.ask(do="sync", folder=str(work / "trial"), version=NEXT, at=0, mode=0)["operations"]
        tally["changes to files in one sync"] = total
        for mode in modes:
            for number in range(1, total + 2, step):
                repair = number % 5 == 0
                seconds = trial(work, base, victim, tally, repair=repair, at=number, mode=mode)
                slowest = max(slowest, seconds)
    _reopening(tally, slowest)
    return tally


def _reopening(tally: Counter[str], slowest: float) -> None:
    tally["slowest reopening, ms"] = round(slowest * 1000)
    if slowest >= 2:
        tally["FAILED: reopening took 2 s or more"] += 1


def main() -> None:
    """Run the proofs and print what happened."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--step", type=int, default=1, help="only every so many-th operation")
    parser.add_argument("--mutations", type=int, default=10_000)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--searches", type=int, default=1_000_000)
    parser.add_argument(
        "--only", nargs="+", default=["kills", "operations", "near", "mutations", "rivals", "tenants"]
    )
    arguments = parser.parse_args()
    proofs: dict[str, Callable[[], Counter[str]]] = {
        "kills": lambda: kills(arguments.kills),
        "operations": lambda: operations(arguments.step),
        "near": lambda: operations(arguments.step, near=True),
        "mutations": lambda: mutations.prove(arguments.mutations),
        "rivals": lambda: rivals.prove(arguments.minutes * 60),
        "tenants": lambda: tenants.prove(arguments.searches),
    }
    failed = False
    print("| proof | outcome | count |\n|---|---|---|", flush=True)
    for name in arguments.only:
        began = time.perf_counter()
        tally = proofs[name]()
        for outcome, count in sorted(tally.items()):
            failed |= outcome.startswith("FAILED")
            print(f"| {name} | {outcome} | {count:,} |", flush=True)
        print(f"| {name} | minutes | {(time.perf_counter() - began) / 60:.1f} |", flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
