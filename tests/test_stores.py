"""Every implementation of the seam passes its contract suite, and the suites catch those that break it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest

from suggest.index import lexical, vectors
from suggest.index.store import EntryStore
from suggest.testing import Document, check_lexical_leg, check_store, check_vector_leg


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


def _tantivy(folder: Path, documents: Sequence[Document], removed: Sequence[int], added: Sequence[Document]):  # type: ignore[no-untyped-def]
    lexical.build(folder / "base", documents)
    lexical.build(folder / "next", added, base=folder / "base", removed=removed)
    keys = sorted({each[0] for each in documents} - set(removed) | {each[0] for each in added})
    return lexical.LexicalLeg(folder / "next", np.asarray(keys, np.int64))


def test_the_lexical_leg_keeps_its_contract(tmp_path: Path) -> None:
    check_lexical_leg(lambda documents, removed, added: _tantivy(tmp_path, documents, removed, added))


class PlainLexical:
    """BM25 in memory: another implementation, so that the suite asks for what any can do."""

    def __init__(self, documents: Sequence[Document], *, tenants: bool = True) -> None:
        self.documents = [
            (tenant, Counter(f"{title} {body}".split())) for _, tenant, title, body in documents
        ]
        self.tenants = tenants
        self.mean = sum(bag.total() for _, bag in self.documents) / len(documents)

    def __len__(self) -> int:
        return len(self.documents)

    def rarity(self, terms: Iterable[str]) -> dict[str, float]:
        holding = {term: sum(term in bag for _, bag in self.documents) for term in terms}
        return {term: math.log(1 + (len(self) - n + 0.5) / (n + 0.5)) for term, n in holding.items()}

    def scores(self, terms: Sequence[str], rows: Sequence[int]) -> dict[int, float]:
        rarity = self.rarity(terms)
        found = {}
        for row in rows:
            bag = self.documents[row][1]
            norm = 1.2 * (0.25 + 0.75 * bag.total() / self.mean)
            score = sum(rarity[t] * 2.2 * bag[t] / (bag[t] + norm) for t in terms if bag[t])
            if score:
                found[row] = score
        return found

    def search(self, terms: Sequence[str], *, tenant: str, limit: int) -> list[tuple[int, float]]:
        rows = [row for row, (owner, _) in enumerate(self.documents) if owner == tenant or not self.tenants]
        return sorted(self.scores(terms, rows).items(), key=lambda item: (-item[1], item[0]))[:limit]


def _plain(documents: Sequence[Document], removed: Sequence[int], added: Sequence[Document], **how: bool):  # type: ignore[no-untyped-def]
    return PlainLexical([*(each for each in documents if each[0] not in removed), *added], **how)


def test_another_lexical_leg_keeps_the_contract_too() -> None:
    check_lexical_leg(_plain)
    with pytest.raises(AssertionError, match="tenant t0"):
        check_lexical_leg(lambda *given: _plain(*given, tenants=False))


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
        segments = [vectors.Segment("0.f32", len(made))]
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
