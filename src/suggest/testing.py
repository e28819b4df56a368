"""Parts and proofs for people who plug their own parts in.

:class:`HashingEmbedder` is a deterministic model without weights; :func:`check_embedder` holds any
:class:`~suggest.index.embedding.Embedder` against its contract. :func:`check_store`, :func:`check_lexical_leg` and
:func:`check_vector_leg` do the same for the parts of :mod:`suggest.index.stores`: an entry store, and the two legs
of the search, on whatever server they live. Each raises AssertionError with what is wrong.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from suggest.errors import KnowledgeBaseCorrupt
from suggest.index.analysis import Parts, Terms, analyse, text_hash
from suggest.index.embedding import Embedder, Vectors
from suggest.index.stores import Document, LexicalSearch, Store, VectorSearch
from suggest.records import Article
from suggest.text import tokens


class HashingEmbedder:
    """Every term gets a fixed pseudo-random direction; a text is the sum of its terms."""

    def __init__(self, dimension: int = 64, *, name: str = "hashing") -> None:
        self.name = name
        self.dimension = dimension
        self.fingerprint = hashlib.sha256(f"{name}:{dimension}".encode()).hexdigest()

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Embed queries, shape (len(texts), dimension)."""
        return self.embed_documents(texts)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Embed documents, shape (len(texts), dimension)."""
        found = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            for term in tokens(text):
                seed = int.from_bytes(hashlib.sha256(term.encode()).digest()[:8], "little")
                found[row] += np.random.default_rng(seed).standard_normal(self.dimension, dtype=np.float32)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        unit: Vectors = np.divide(found, lengths, out=np.zeros_like(found), where=lengths > 0)
        return unit


def check_embedder(embedder: Embedder) -> None:
    """Raise AssertionError, with what is wrong, when ``embedder`` breaks its contract."""
    texts = ["パスワードを忘れました", "How do I export my invoices?", "請求書を再発行してください。" * 50]
    for embed in (embedder.embed_queries, embedder.embed_documents):
        together = embed(texts)
        assert together.shape == (3, embedder.dimension), f"shape {together.shape}"
        assert together.dtype == np.float32, f"dtype {together.dtype}"
        assert np.isfinite(together).all(), "not all values are finite"
        lengths = np.linalg.norm(together, axis=1)
        assert np.allclose(lengths, 1.0, atol=1e-3), f"vectors are not of length 1: {lengths}"
        alone = np.concatenate([embed([text]) for text in texts])
        assert np.allclose(together, alone, atol=1e-4), "a vector depends on its batch"
        assert embed([]).shape == (0, embedder.dimension), "no texts must give shape (0, dimension)"
    assert embedder.fingerprint and embedder.fingerprint == embedder.fingerprint, "no stable fingerprint"
    assert embedder.name, "no name"


def check_store(make: Callable[[], Store]) -> None:
    """Hold an entry store against its contract; ``make`` opens the same, at first empty, store each time."""
    store = make()
    asked: list[Parts] = []

    def analyse_all(parts: Sequence[Parts]) -> list[Terms]:
        asked.extend(parts)
        return [analyse(part) for part in parts]

    entries = [
        Article(id=f"e{n}", title=f"返品の方法{n}", body="三十日以内です。", tenant=f"t{n % 2}")
        for n in range(5)
    ]
    keys = store.add(entries, analyse_all)
    assert len(set(keys)) == 5, "every version needs a key of its own"
    assert [version.entry for version in store.versions(keys)] == entries, "another entry comes back"
    assert store.versions(keys[::-1])[0].entry == entries[4], "versions come in another order than asked"
    assert store.versions(keys)[0].terms == analyse(asked[0]) == store.terms(keys)[0], "terms are not kept"
    assert store.add(entries[:2], analyse_all) == keys[:2], "a version that is there must keep its key"
    edited = entries[0].model_copy(update={"url": "https://example.com", "supersedes": "e4"})
    before = len(asked)
    [newer] = store.add([edited], analyse_all)
    assert newer not in keys, "another version needs another key"
    assert len(asked) == before, "a text whose terms are known is analysed again"
    digest = text_hash(asked[0])
    assert set(store.with_texts([digest])) == {(keys[0], digest), (newer, digest)}
    assert store.links("supersedes") == [(newer, "e4")]
    assert store.links("resolves_with") == []
    said = list(store.about([newer, *keys]))
    assert [each.key for each in said] == sorted([newer, *keys]), "what is said must ascend by key"
    by_key = {each.key: each for each in said}
    assert by_key[keys[1]].entry_id == "e1"
    assert by_key[keys[1]].tenant == "t1"
    assert by_key[keys[1]].content_hash == entries[1].content_hash
    assert by_key[newer].supersedes == "e4"
    checksums = [by_key[key].checksum for key in keys]
    assert [version.entry for version in store.versions(keys, checksums)] == entries
    _refused(lambda: store.versions(keys, checksums[::-1]), "versions that are not those of the checksums")
    _refused(lambda: store.versions([max(*keys, newer) + 1000]), "a key that was never given")
    assert [version.entry for version in make().versions(keys)] == entries, (
        "what was added must outlast the object"
    )
    assert store.keep_only(np.asarray([newer, *keys[1:]])) == 1
    _refused(lambda: make().versions(keys[:1]), "a version that was let go")
    assert store.erase(["e0", "e4", "e9"]) == 2
    left = [(keys[n], f"e{n}", entries[n].content_hash) for n in (1, 2, 3)]
    assert sorted(make().identities([newer, *keys])) == left
    [again] = store.add([entries[0]], analyse_all)
    assert again not in [*keys, newer], "a key must never be used twice"
    store.remember_nothing()
    assert store.versions([again])[0].entry == entries[0]
    assert store.problems() == [], "a fault is named where there is none"


def check_lexical_leg(
    make: Callable[[Sequence[Document], Sequence[int], Sequence[Document]], LexicalSearch],
) -> None:
    """Hold a lexical leg against its contract.

    ``make(documents, removed, added)`` builds an index of ``documents``, then one without the ``removed`` keys and
    with ``added`` from it, and opens that; row n is the n-th remaining document, by ascending key.
    """
    documents = [(10 + n, f"t{n % 2}", f"common w{n}", f"body w{n} w{n}") for n in range(40)]
    leg = make(documents, [10, 13], [(90, "t0", "common fresh", "body")])
    kept = [each for each in documents if each[0] not in (10, 13)] + [(90, "t0", "common fresh", "body")]
    assert len(leg) == len(kept), f"holds {len(leg)} entries, expected {len(kept)}"
    for tenant in ("t0", "t1"):
        rows = {row for row, _ in leg.search(["common"], tenant=tenant, limit=100)}
        assert rows == {n for n, each in enumerate(kept) if each[1] == tenant}, (
            f"tenant {tenant}: rows {rows}"
        )
        assert len(leg.search(["common"], tenant=tenant, limit=7)) == 7, "limit asked, limit given"
    assert leg.search(["common"], tenant="", limit=5) == [], "an empty tenant must never mean all"
    assert leg.search(["common"], tenant="t*", limit=5) == [], "a tenant is no pattern"
    assert leg.search(["w0", "w3"], tenant="t0", limit=5) == [], "removed entries must not be found"
    [(row, score)] = leg.search(["w7"], tenant="t1", limit=5)
    assert kept[row][0] == 17
    found = leg.search(["common", "w7", "fresh"], tenant="t0", limit=50)
    assert [s for _, s in found] == sorted((s for _, s in found), reverse=True), "best first"
    assert kept[found[0][0]][0] == 90, "the rarest term must weigh most"
    given = leg.scores(["w7", "never"], [row, (row + 1) % len(kept)])
    assert set(given) == {row}, "rows without a term are left out"
    assert abs(given[row] - score) < 1e-4, "scores must be those of search"
    rarity = leg.rarity(["common", "w7", "never"])
    assert rarity["never"] > rarity["w7"] > rarity["common"] > 0
    assert rarity["never"] == leg.rarest, "a term that no entry holds must be the rarest"
    chosen = leg.candidates(["common", "w7"], tenant="t1", limit=9)
    assert len(chosen) == 9 and row in chosen, "candidates: limit asked, limit given, the best among them"
    assert all(kept[each][1] == "t1" for each in chosen), "candidates of another tenant"
    whole = leg.scores(["common", "w7"], list(chosen))
    assert all(known is None or abs(known - whole[each]) < 1e-4 for each, known in chosen.items()), (
        "a candidate's score must be that of all terms, or None"
    )
    assert leg.candidates(["common"], tenant="", limit=5) == {}, "an empty tenant must never mean all"


def check_vector_leg(
    make: Callable[[Vectors], VectorSearch], vectors: Vectors, *, recall: float = 0.98
) -> None:
    """Hold a vector leg against exact comparison; ``make`` opens one over ``vectors``, shape (n, d), n > 200."""
    leg, count = make(vectors), len(vectors)
    assert np.allclose(leg.gather([3, 1]), vectors[[3, 1]], atol=1e-6), "gather gives other vectors"
    random = np.random.default_rng(1)
    third: NDArray[np.bool_] = random.random(count) < 1 / 3
    few: NDArray[np.bool_] = np.zeros(count, np.bool_)
    few[random.choice(count, 5, replace=False)] = True
    hits = asked = 0
    for row in random.choice(count, 30, replace=False):
        query = vectors[row] + random.standard_normal(vectors.shape[1], dtype=np.float32) / 80
        query /= np.linalg.norm(query)
        cosines = vectors @ query
        assert np.allclose(leg.scores(query, [5, 0]), cosines[[5, 0]], atol=1e-5), "scores are not cosines"
        for among in (None, third, few):
            allowed = np.arange(count) if among is None else np.flatnonzero(among)
            found = leg.search(query, limit=10, among=among)
            rows = [each for each, _ in found]
            assert len(set(rows)) == len(rows) == min(10, len(allowed)), (
                "limit asked, limit given, no row twice"
            )
            assert set(rows) <= set(allowed.tolist()), "a row that was not allowed"
            scores = [score for _, score in found]
            assert np.allclose(scores, cosines[rows], atol=1e-5), "cosines must be exact"
            assert scores == sorted(scores, reverse=True), "best first"
            best = allowed[np.argsort(-cosines[allowed])[:10]]
            hits, asked = hits + len(set(best.tolist()) & set(rows)), asked + len(best)
    assert hits >= recall * asked, f"recall {hits / asked:.3f}, expected {recall}"
    assert leg.search(np.zeros(vectors.shape[1], np.float32), limit=5) == [], (
        "a query without direction finds nothing"
    )


def _refused(call: Callable[[], object], what: str) -> None:
    try:
        call()
    except KnowledgeBaseCorrupt:
        return
    raise AssertionError(f"{what} must raise KnowledgeBaseCorrupt")
