"""Reviewers at work: decisions per second, a long queue, and kill -9 in the middle.

    python benchmarks/review.py [--reviewers 50] [--decisions 2000] [--queue 10000] [--kills 40] [--only NAME]
        [--people processes|threads]

``decisions``  ``--reviewers`` people decide ``--decisions`` items, as processes and as threads of one process, on
               SQLite and, where its programs are installed, on a PostgreSQL server of its own (both force every
               commit to disk); then the ledger is verified
``queue``      a queue of ``--queue`` items: a page, a search, one item, figures, verify, memory
``kills``      kill -9 in the middle of 500 decisions, again and again: 0 acknowledged may be lost

Exit status 1 when a proof fails.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests import private_postgresql
from tests.review_desk import ENTRIES

from suggest import Inquiry, KnowledgeBase, ReviewDecision, ReviewQueue, Settings
from suggest.settings import Review
from suggest.testing import HashingEmbedder
from suggest.understand import find_personal_data

ROOT = Path(__file__).resolve().parents[1]


def opened(folder: str, url: str) -> ReviewQueue:
    """Open a queue, for PostgreSQL by its URL."""
    settings = Settings(review=Review(database=url or None))
    return ReviewQueue.open(folder, settings=settings, embedder=HashingEmbedder())


@contextmanager
def databases() -> Iterator[dict[str, Callable[[], str]]]:
    """Yield what makes an empty database on each system that is there."""
    if private_postgresql.programs() is None:
        print(private_postgresql.MISSING, file=sys.stderr)
        yield {"SQLite": str}
        return
    with private_postgresql.server(durable=True) as url:
        yield {"SQLite": str, "PostgreSQL": lambda: private_postgresql.schema(url)}


@contextmanager
def filled(url: str, count: int) -> Iterator[str]:
    """Yield the folder of a knowledge base whose queue holds ``count`` items with drafts."""
    folder = tempfile.mkdtemp(prefix="suggest-review-")
    try:
        with KnowledgeBase.open(folder, embedder=HashingEmbedder()) as kb:
            kb.sync(ENTRIES)
        with opened(folder, url) as queue:
            text = "印刷の方法を教えてください。"
            queue.import_inquiries(
                (Inquiry(id=f"q{n}", text=text) for n in range(count)),
                reviewer="importer",
                progress=lambda _, done, __: done % 1_000 or print(f"imported {done}", file=sys.stderr),
            )
        yield folder
    finally:
        shutil.rmtree(folder)


def review(
    queue: ReviewQueue, name: str, items: list[tuple[str, int]], start: Any, seconds: list[float]
) -> None:
    """Approve ``items`` (id, version) one by one, from the start on; add how long each took."""
    start.wait()
    for item_id, version in items:
        began = time.perf_counter()
        queue.decide(
            ReviewDecision(
                item_id=item_id, tenant="default", action="approve", reviewer=name, version=version
            )
        )
        seconds.append(time.perf_counter() - began)


def in_a_process(
    folder: str, url: str, name: str, items: list[tuple[str, int]], start: Any, out: Any
) -> None:
    """Be one reviewer in a process of its own."""
    with opened(folder, url) as queue:
        queue.items(tenant="default", limit=1)
        find_personal_data("佐藤です")  # loads the dictionary
        seconds: list[float] = []
        review(queue, name, items, start, seconds)
        out.put((seconds, time.time()))


def decisions(system: str, url: str, reviewers: int, count: int, *, processes: bool) -> bool:
    """Measure decisions a second; tell whether each was kept once and the ledger is whole."""
    with filled(url, count) as folder, opened(folder, url) as queue:
        listed = [
            (item.item_id, item.version)
            for offset in range(0, count, 1_000)
            for item in queue.items(tenant="default", offset=offset, limit=1_000).items
        ]
        shares = [listed[n::reviewers] for n in range(reviewers)]
        names = [f"reviewer {n}" for n in range(reviewers)]
        took: list[float] = []
        if processes:
            context = multiprocessing.get_context("forkserver")  # what all import is in memory once
            context.set_forkserver_preload(["suggest.review", "suggest.testing", "tests.review_desk"])
            start, out = context.Barrier(reviewers + 1), context.Queue()
            running = [
                context.Process(target=in_a_process, args=(folder, url, name, share, start, out))
                for name, share in zip(names, shares, strict=True)
            ]
            for process in running:
                process.start()
            start.wait()
            began = time.time()
            found = [out.get(timeout=600) for _ in running]
            wall = max(at for _, at in found) - began
            took = [second for seconds, _ in found for second in seconds]
            for process in running:
                process.join()
        else:
            gate = threading.Barrier(reviewers + 1)
            threads = [
                threading.Thread(target=review, args=(queue, name, share, gate, took))
                for name, share in zip(names, shares, strict=True)
            ]
            for thread in threads:
                thread.start()
            gate.wait()
            began = time.time()
            for thread in threads:
                thread.join()
            wall = time.time() - began
        kept = sum(1 for _ in queue.decisions(tenant="default"))
        problems = queue.verify()
    cuts = statistics.quantiles(took, n=20)
    print(
        f"| {system} | {reviewers} {'processes' if processes else 'threads'} | {len(took)} | {len(took) / wall:.0f} | "
        f"{1000 * cuts[9]:.0f} | {1000 * cuts[18]:.0f} | {1000 * max(took):.0f} |",
        flush=True,
    )
    return kept == count and not problems


def long_queue(system: str, url: str, count: int) -> bool:
    """Measure what people wait for on a long queue."""
    with filled(url, count) as folder, opened(folder, url) as queue:
        first = queue.items(tenant="default").items[0].item_id
        work: dict[str, Callable[[], object]] = {
            "page of 50, first": lambda: queue.items(tenant="default"),
            "page of 50, last": lambda: queue.items(tenant="default", offset=count - 50),
            "search the queue": lambda: queue.items(tenant="default", query=f"q{count - 1}"),
            "one item": lambda: queue.item(first, tenant="default"),
            "figures": lambda: queue.figures(tenant="default"),
            "verify": queue.verify,
        }
        for name, call in work.items():
            times = []
            for _ in range(3 if name in ("figures", "verify") else 20):
                began = time.perf_counter()
                call()
                times.append(time.perf_counter() - began)
            print(f"| {system} | {name} | {1000 * statistics.median(times):.1f} |", flush=True)
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        size = sum(path.stat().st_size for path in Path(folder).glob("review.sqlite*")) / 2**20
        print(f"| {system} | most memory of this process, MiB | {megabytes:.0f} |")
        if not url:
            print(f"| {system} | review.sqlite, MiB | {size:.0f} |")
        return queue.verify() == []


def kill(url: str) -> tuple[int, int]:
    """Kill a process in the middle of 500 decisions; return how many were acknowledged, and how many of these are lost."""
    with filled(url, 500) as folder:
        running = subprocess.Popen(
            [sys.executable, "-m", "tests.review_desk_worker", folder, url],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert running.stdout is not None
        said = [running.stdout.readline() for _ in range(random.randint(1, 480))]
        running.send_signal(signal.SIGKILL)
        said += running.stdout.readlines()
        running.wait()
        acknowledged = {line.split()[0] for line in said if line.endswith("\n")}
        with opened(folder, url) as queue:
            kept = {record.item_id for record in queue.decisions(tenant="default")}
            if queue.verify():
                return len(acknowledged), len(acknowledged)
        return len(acknowledged), len(acknowledged - kept)


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reviewers", type=int, default=50)
    parser.add_argument("--decisions", type=int, default=2_000)
    parser.add_argument("--queue", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--people", choices=["processes", "threads"], help="only these in `decisions`")
    parser.add_argument("--only", choices=["decisions", "queue", "kills"])
    asked = parser.parse_args()
    good = True
    with databases() as systems:
        if asked.only in (None, "decisions"):
            print(
                "| database | reviewers | decisions | a second | median ms | 95 % ms | longest ms |\n|---|---|---|---|---|---|---|"
            )
            for system, make in systems.items():
                for people in ("processes", "threads") if asked.people is None else (asked.people,):
                    good &= decisions(
                        system, make(), asked.reviewers, asked.decisions, processes=people == "processes"
                    )
        if asked.only in (None, "queue"):
            print(f"\n| database | {asked.queue} items | median ms |\n|---|---|---|")
            for system, make in systems.items():
                good &= long_queue(system, make(), asked.queue)
        if asked.only in (None, "kills"):
            for system, make in systems.items():
                found = [kill(make()) for _ in range(asked.kills)]
                lost = sum(gone for _, gone in found)
                print(
                    f"{system}: {asked.kills} kills, {sum(n for n, _ in found)} acknowledged decisions, {lost} lost"
                )
                good &= not lost
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
