"""Every implementation of the seam passes its contract suite, and the suites catch those that break it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from suggest import KnowledgeBase
from suggest.errors import KnowledgeBaseError, UnknownTenant
from suggest.index import build, lexical, vectors
from suggest.index.analysis_pool import AnalysisPool
from suggest.index.store import EntryStore
from suggest.index.stores import Document, Segment
from suggest.records import Article
from suggest.testing import HashingEmbedder, check_lexical_leg, check_store, check_vector_leg

from .memory_backends import MEMORY, MemoryLexical, MemoryStore, PlainLexical, PlainVectors

WORDS = "返品 配送 請求書 契約 料金 会員 住所".split()


@pytest.mark.parametrize("one_by_one", [0, 10_000])
def test_the_entry_store_keeps_its_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_by_one: int
) -> None:
    monkeypatch.setattr("suggest.index.store._ONE_BY_ONE", one_by_one)
    opened: list[EntryStore] = []

    def make() -> EntryStore:
        opened.append(EntryStore(tmp_path, read_only=False))
        return opened[-1]

    try:
        check_store(make)
    finally:
        for store in opened:
            store.close()


def test_a_store_that_cannot_be_written_says_what_to_look_at(tmp_path: Path) -> None:
    with AnalysisPool(0) as analyse:
        EntryStore(tmp_path, read_only=False).close()
        store = EntryStore(tmp_path, read_only=True)
        with pytest.raises(
            KnowledgeBaseError, match=r"entries\.sqlite.*the disk failed, or may not be written to"
        ):
            store.add([Article(id="a", title="返品", body="返品できます。")], analyse)
        store.close()


def _tantivy(folder: Path, documents: Sequence[Document], removed: Sequence[int], added: Sequence[Document]):  # type: ignore[no-untyped-def]
    lexical.build(folder / "base", documents)
    lexical.build(folder / "next", added, base=folder / "base", removed=removed)
    keys = sorted({each[0] for each in documents} - set(removed) | {each[0] for each in added})
    return lexical.LexicalLeg(folder / "next", np.asarray(keys, np.int64))


def test_the_lexical_leg_keeps_its_contract(tmp_path: Path) -> None:
    check_lexical_leg(lambda documents, removed, added: _tantivy(tmp_path, documents, removed, added))


def test_another_entry_store_keeps_the_contract_too(tmp_path: Path) -> None:
    check_store(lambda: MemoryStore(tmp_path, read_only=False))


def _memory(folder: Path, documents: Sequence[Document], removed: Sequence[int], added: Sequence[Document]):  # type: ignore[no-untyped-def]
    backend = MemoryLexical()
    backend.build(folder / "base", documents, base=None, removed=[])
    backend.build(folder / "next", added, base=folder / "base", removed=removed)
    keys = sorted({each[0] for each in documents} - set(removed) | {each[0] for each in added})
    return backend.opened(folder / "next", np.asarray(keys, np.int64))


def test_another_lexical_leg_keeps_the_contract_too(tmp_path: Path) -> None:
    check_lexical_leg(lambda *given: _memory(tmp_path, *given))

    def careless(documents: Sequence[Document], removed: Sequence[int], added: Sequence[Document]):  # type: ignore[no-untyped-def]
        return PlainLexical([*(d for d in documents if d[0] not in removed), *added], tenants=False)

    with pytest.raises(AssertionError, match="tenant t0"):
        check_lexical_leg(careless)


def test_another_vector_leg_keeps_the_contract_too() -> None:
    check_vector_leg(PlainVectors, _clustered(500, 32), recall=1.0)


def test_a_knowledge_base_stands_on_other_backends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def sync(kb: KnowledgeBase, state: dict[int, int]) -> None:
        kb.sync(
            Article(
                id=f"e{n}",
                title=f"{WORDS[n % 7]}の方法",
                body=f"{WORDS[seed % 7]}は第{seed}版です。",
                tenant="other" if n == 5 else "default",
            )
            for n, seed in state.items()
        )

    def found(kb: KnowledgeBase) -> list[dict[str, float]]:
        return [{m.entry_id: round(m.semantic, 4) for m in kb.search(word, top=50)} for word in WORDS]

    monkeypatch.setattr(build, "REBUILD_BELOW", 0)  # so that deltas are built on what was there
    model = HashingEmbedder()
    with (
        KnowledgeBase.open(tmp_path / "memory", embedder=model, backends=MEMORY) as kb,
        KnowledgeBase.open(tmp_path / "bundled", embedder=model) as bundled,
    ):
        for state in ({n: n for n in range(20)}, {n: n // 3 for n in range(2, 25)}):
            sync(kb, state)
            sync(bundled, state)
            assert found(kb) == found(bundled)
        assert not (tmp_path / "memory" / "entries.sqlite").exists()
        assert {m.entry_id for m in kb.search("返品", tenant="other", top=9)} == {"e5"}
        with pytest.raises(UnknownTenant):
            kb.search("返品", tenant="*")
        assert kb.verify()["ok"]
        assert kb.rollback() == 1
        assert "e0" in kb.entry_ids()
        assert kb.forget("e7") == 2, "both versions"
        assert "e7" not in {match.entry_id for word in WORDS for match in kb.search(word, top=50)}
        with KnowledgeBase.open(tmp_path / "memory", embedder=model, backends=MEMORY) as again:
            assert found(again) == found(kb)


def test_large_indexes_choose_candidates_by_rarer_terms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    documents = [(n, "t", f"common c{n % 2} k{n % 40}", f"body w{n}") for n in range(400)]
    lexical.build(tmp_path / "leg", documents)
    leg = lexical.LexicalLeg(tmp_path / "leg", np.arange(400))
    asked = ["common", "body", "c1", "k7", "w47"]
    exact = dict(leg.search(asked, tenant="t", limit=10))
    assert leg.candidates(asked, tenant="t", limit=10) == exact
    monkeypatch.setattr(lexical, "LARGE", 100)
    monkeypatch.setattr(lexical, "_MOST_LOOKED_AT", 50)
    monkeypatch.setattr(lexical, "_FEWEST_TERMS", 1)
    chosen = leg.candidates(asked, tenant="t", limit=10)
    assert chosen == dict.fromkeys(exact), "here the two rarest terms say it all"
    assert leg.scores(asked, list(chosen)) == pytest.approx(exact, abs=1e-4)
    monkeypatch.setattr(lexical, "_MOST_LOOKED_AT", 10_000)
    assert leg.candidates(asked, tenant="t", limit=10) == exact


def _clustered(count: int, dimension: int) -> np.ndarray:
    random = np.random.default_rng(4)
    centres = random.standard_normal((50, dimension))
    made = centres[random.integers(0, 50, count)] + 0.7 * random.standard_normal((count, dimension))
    return (made / np.linalg.norm(made, axis=1, keepdims=True)).astype(np.float32)


@pytest.mark.parametrize("near", [False, True], ids=["exact", "approximate"])
def test_the_vector_leg_keeps_its_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, near: bool
) -> None:
    def make(made: np.ndarray) -> vectors.VectorLeg:
        made.tofile(tmp_path / "0.f32")
        if near:
            vectors.build_near(tmp_path / vectors.NEAR, [made], None)
        segments = [Segment("0.f32", len(made))]
        return vectors.VectorLeg(tmp_path, segments, np.arange(len(made)), made.shape[1])

    monkeypatch.setattr(vectors, "_EXACT_AMONG", 3)
    check_vector_leg(make, _clustered(3_000, 64), recall=0.98 if near else 1.0)


def test_a_vector_leg_that_thins_its_results_is_caught() -> None:
    class Thinning:
        def __init__(self, made: np.ndarray) -> None:
            self.made = made

        def gather(self, rows):  # type: ignore[no-untyped-def]
            return self.made[list(rows)]

        def scores(self, query, rows):  # type: ignore[no-untyped-def]
            return self.made[list(rows)] @ query

        def search(self, query, *, limit, among=None):  # type: ignore[no-untyped-def]
            best = np.argsort(-(self.made @ query))[:limit]
            return [(int(r), float(self.made[r] @ query)) for r in best if among is None or among[r]]

    with pytest.raises(AssertionError, match="limit given"):
        check_vector_leg(Thinning, _clustered(500, 32))
