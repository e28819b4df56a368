"""Fixtures that several test files use."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from suggest import KnowledgeBase, ReviewQueue, Settings, read_entries
from suggest.records import Article, ResolvedCase
from suggest.settings import Review
from suggest.testing import HashingEmbedder

from . import private_postgresql
from .review_desk import ENTRIES, Clock

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample_faq"


@pytest.fixture
def article() -> Callable[..., Article]:
    def make(number: int, **fields: object) -> Article:
        values = {
            "id": f"a{number}",
            "title": f"質問{number}の手順",
            "body": f"回答{number}はこちらの画面です。",
        }
        return Article(**(values | fields))

    return make


@pytest.fixture
def case() -> Callable[..., ResolvedCase]:
    def make(number: int, **fields: object) -> ResolvedCase:
        values = {
            "id": f"c{number}",
            "inquiry": f"質問{number}で困っています",
            "reply": f"操作{number}で直ります。",
        }
        return ResolvedCase(**(values | fields))

    return make


@pytest.fixture
def kb(tmp_path: Path) -> KnowledgeBase:
    return KnowledgeBase.open(tmp_path / "kb", embedder=HashingEmbedder())


@pytest.fixture(scope="session")
def sample_kb_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample data, indexed once with the bundled model; do not write to it."""
    folder = tmp_path_factory.mktemp("sample") / "kb"
    with KnowledgeBase.open(folder) as opened:
        opened.sync(read_entries(SAMPLE))
    return folder


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server of our own; skips, saying so, where none can be started."""
    if private_postgresql.programs() is None:
        pytest.skip(private_postgresql.MISSING)
    with private_postgresql.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def review_settings(request: pytest.FixtureRequest) -> Settings:
    """Settings that name an empty review database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return Settings()
    url = private_postgresql.schema(request.getfixturevalue("postgresql"))
    return Settings(review=Review(database=url))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def small_kb_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four articles of two tenants, to be copied."""
    folder = tmp_path_factory.mktemp("review") / "kb"
    with KnowledgeBase.open(folder, embedder=HashingEmbedder()) as kb:
        kb.sync(ENTRIES)
    return folder


@pytest.fixture
def folder(small_kb_folder: Path, tmp_path: Path) -> Path:
    """A knowledge base of one's own."""
    return Path(shutil.copytree(small_kb_folder, tmp_path / "kb"))


@pytest.fixture
def queue(folder: Path, review_settings: Settings, clock: Clock) -> Iterator[ReviewQueue]:
    """An empty review queue over ``folder``."""
    with ReviewQueue.open(
        folder, settings=review_settings, embedder=HashingEmbedder(), clock=clock
    ) as opened:
        yield opened
