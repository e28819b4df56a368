"""The small form of ``benchmarks/durability.py``: the same proofs, fewer trials."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from .conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

import durability
from reindex import mutations, rivals, tenants

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks and signals as Linux has them")


def passed(tally: Counter[str]) -> Counter[str]:
    assert not [outcome for outcome in tally if outcome.startswith("FAILED")], tally
    return tally


def test_kill_at_random_moments() -> None:
    tally = passed(durability.kills(8))
    assert tally["killed"] + tally["acknowledged"] == 8


def test_kill_full_disk_and_failed_write_at_file_operations() -> None:
    tally = passed(durability.operations(step=37))
    if not tally["left out: no C compiler"]:
        assert tally["killed"] >= 5
        assert tally["refused"] >= 5
        assert tally["left on the old generation"] >= 10


def test_faults_while_the_approximate_index_is_written() -> None:
    tally = passed(durability.operations(step=149, modes=(1, 2), near=True))
    assert tally["left out: no C compiler"] or tally["left on the old generation"] >= 2


def test_damaged_files() -> None:
    tally = passed(mutations.prove(150))
    assert tally["refused, the file named"] >= 75


def test_readers_and_rival_writers() -> None:
    tally = passed(rivals.prove(3, readers=2))
    assert tally["reads"] > 0
    assert tally["syncs"] >= 2


def test_forged_tenants() -> None:
    tally = passed(tenants.prove(3_000))
    assert tally["forged names refused"] > 2_500
    assert tally["searches of a tenant, all its own entries"] == 30


def test_a_writer_that_meets_a_size_limit_leaves_the_old_generation(tmp_path: Path) -> None:
    """No fault is made up here: the operating system itself refuses to let a file grow."""
    script = """
import resource, signal, sys
from pathlib import Path
from suggest import KnowledgeBase
from suggest.errors import KnowledgeBaseError
from suggest.records import Article
from suggest.testing import HashingEmbedder
kb = KnowledgeBase.open(Path(sys.argv[1]), embedder=HashingEmbedder())
def entries(n): return [Article(id=f"e{i}", title=f"返品{i}", body="本文" * 50) for i in range(n)]
kb.sync(entries(3))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, resource.RLIM_INFINITY))
try:
    kb.sync(entries(400))
except KnowledgeBaseError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert (len(kb), kb.verify()["ok"]) == (3, True), kb.verify()
assert kb.sync(entries(400)).added == 397
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "kb")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "kb") in done.stdout
