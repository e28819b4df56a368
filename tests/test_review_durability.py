"""What was acknowledged stays, whoever is killed; of many reviewers one wins, and nobody's text is lost."""

from __future__ import annotations

import multiprocessing
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from suggest import KnowledgeBase, ReviewQueue, Settings
from suggest.review.migrations import MIGRATIONS
from suggest.review.tables import metadata
from suggest.testing import HashingEmbedder

from .conftest import ROOT
from .review_desk import inquiry
from .review_desk_worker import compete

REVIEWERS = 50


def filled(folder: Path, settings: Settings, count: int) -> None:
    """Put ``count`` inquiries that find nothing, and so are quickly suggested for, into the queue."""
    with ReviewQueue.open(folder, settings=settings, embedder=HashingEmbedder()) as queue:
        queue.import_inquiries([inquiry(n, text=f"zzz {n}") for n in range(count)], reviewer="山田")


def test_kill_in_the_middle_of_500_decisions(folder: Path, review_settings: Settings) -> None:
    filled(folder, review_settings, 500)
    url = review_settings.review.database or ""
    running = subprocess.Popen(
        [sys.executable, "-m", "tests.review_desk_worker", str(folder), url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    said = [running.stdout.readline() for _ in range(250)]
    running.send_signal(signal.SIGKILL)
    said += running.stdout.readlines()  # acknowledged before the kill, read after it
    running.wait()
    running.stdout.close()
    acknowledged = dict(line.split() for line in said if line.endswith("\n"))
    assert 250 <= len(acknowledged) < 500
    with ReviewQueue.open(folder, settings=review_settings, embedder=HashingEmbedder()) as queue:
        assert queue.verify() == []
        kept = {record.item_id: record for record in queue.decisions(tenant="default")}
        for item_id, seq in acknowledged.items():
            assert kept[item_id].seq == int(seq)
            assert kept[item_id].after == f"{kept[item_id].inquiry_id} への返信です。"
        assert len(kept) - len(acknowledged) in (0, 1)  # one may be on disk without a word
        assert queue.items(tenant="default", state="edited", limit=0).total == len(kept)
        assert queue.items(tenant="default", limit=0).total == 500 - len(kept)


def test_fifty_reviewers_in_processes_and_threads(folder: Path, review_settings: Settings) -> None:
    """Five processes of ten reviewers want the same thirty items; each is decided once, with the winner's text."""
    filled(folder, review_settings, 30)
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    url = review_settings.review.database or ""
    names = [f"担当{n}" for n in range(REVIEWERS)]
    running = [
        context.Process(target=compete, args=(str(folder), url, names[n::5], results)) for n in range(5)
    ]
    for process in running:
        process.start()
    found = [results.get(timeout=120) for _ in running]
    for process in running:
        process.join()
        process.close()
    results.close()
    results.join_thread()
    assert [wrong for _, wrong in found if wrong] == []
    won = {(item_id, name): text for some, _ in found for name, item_id, text in some}
    assert len(won) == 30
    with ReviewQueue.open(folder, settings=review_settings, embedder=HashingEmbedder()) as queue:
        assert queue.verify() == []
        kept = {(r.item_id, r.reviewer): r.after for r in queue.decisions(tenant="default")}
        assert kept == won


@pytest.mark.parametrize("readers", [3])
def test_reading_waits_for_no_writer(folder: Path, readers: int) -> None:
    """A transaction that is not finished keeps no reader, and no sync, from its work."""
    filled(folder, Settings(), 3)
    with ReviewQueue.open(folder, embedder=HashingEmbedder()) as queue, queue._db.writing():
        for _ in range(readers):
            assert queue.items(tenant="default").total == 3
        with KnowledgeBase.open(folder, embedder=HashingEmbedder()) as kb:
            assert kb.sync(kb.entries()).unchanged == 4


def test_migrations_in_use_are_never_edited() -> None:
    """Databases have taken these very steps. Append another one; never change what stands here."""
    import hashlib

    digests = {step.name: hashlib.sha256(repr(step).encode()).hexdigest()[:16] for step in MIGRATIONS}
    assert list(digests) == sorted(digests)
    assert digests["0001-ledger-and-queue"] == "0f97f6f1bf57d1c1"


def test_migrations_make_the_tables_that_queries_use(folder: Path, review_settings: Settings) -> None:
    from sqlalchemy import inspect

    with ReviewQueue.open(folder, settings=review_settings, embedder=HashingEmbedder()) as queue:
        seen = inspect(queue._db._engine)
        for table in metadata.sorted_tables:
            made = {column["name"]: column["nullable"] for column in seen.get_columns(table.name)}
            assert made == {c.name: bool(c.nullable) for c in table.columns}, table.name
            keys = seen.get_pk_constraint(table.name)["constrained_columns"]
            assert keys == [c.name for c in table.primary_key], table.name
