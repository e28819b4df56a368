"""Tests each leg of a new generation on the knowledge base's own known items, before it goes live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from suggest.errors import KnowledgeBaseError, ModelError
from suggest.index.adaptation import project
from suggest.index.embedding import Embedder, Vectors
from suggest.index.known_pairs import known_pairs
from suggest.index.roster import Roster
from suggest.index.stores import LexicalSearch, Store, VectorSearch

_TRIED = 50
_TRIED_BY_WORDS = 20  # a search by all words of an entry takes a hundredth of a second among a million
_ENOUGH = 20
_COMPARED = 2_000
_CHANCE = 0.4
"""Share of other entries that are nearer to a question than its own entry: 0 at best, 0.5 by chance."""


def check_words(
    leg: LexicalSearch, store: Store, rows: Mapping[str, Any], manifest: Mapping[str, Any]
) -> None:
    """Raise KnowledgeBaseError when the lexical leg does not find entries by their own words."""
    keys: NDArray[np.int64] = rows["key"]
    tried = found = 0
    step = max(1, len(keys) // _TRIED_BY_WORDS)
    for row in range(0, len(keys), step):
        [(_, terms)] = store.versions([int(keys[row])])
        own = f"{terms.title} {terms.body}".split()[:40]
        if own:
            tried += 1
            tenant = manifest["tenants"][rows["tenant"][row]]
            found += row in {hit for hit, _ in leg.search(own, tenant=tenant, limit=50)}
    if tried and found < tried / 2:
        raise KnowledgeBaseError(
            f"the lexical index finds only {found} of {tried} entries by their own words; "
            "this is a fault of the installation (tantivy or SudachiPy), the old generation stays live"
        )


def check_vectors(
    leg: VectorSearch, learned: Vectors | None, embedder: Embedder, store: Store, roster: Roster
) -> None:
    """Raise ModelError when questions are no nearer to their own entries than to others."""
    pairs = known_pairs(store, roster, _TRIED)
    if len(pairs) < _ENOUGH:
        return
    queries = embedder.embed_queries([pair.question for pair in pairs])
    if learned is not None:
        queries = project(queries, learned)
    count, by_key = len(roster.keys), np.argsort(roster.keys)
    rows = by_key[np.searchsorted(roster.keys[by_key], [pair.group for pair in pairs])]
    others = leg.gather(range(0, count, max(1, count // _COMPARED)))
    own = (queries * leg.gather(rows)).sum(axis=1)
    ahead = float((queries @ others.T >= own[:, None]).mean())
    if ahead > _CHANCE:
        raise ModelError(
            f"model {embedder.name!r} finds the entries no better than by chance: for {len(pairs)} of their own "
            f"questions {ahead:.0%} of the other entries are at least as near (expected a few per cent). It may not "
            "know the language of the entries; set another model, or `vector_weight = 0` to search by words "
            "only. The old generation stays live"
        )
