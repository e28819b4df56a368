"""Fixtures that several test files use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from suggest import KnowledgeBase, read_entries
from suggest.records import Article, ResolvedCase
from suggest.testing import HashingEmbedder

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
