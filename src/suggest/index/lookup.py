"""What judging asks of an open knowledge base beyond search."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

import numpy as np

from suggest.index.fusion import fuse, saturate
from suggest.index.knowledge_base import KnowledgeBase
from suggest.index.ranking import Ranked, describe
from suggest.records import Entry, Evidence
from suggest.text import clean, tokens, tokens_with_surfaces


class Identity(NamedTuple):
    """What a calibration belongs to: it holds for this very index and no other."""

    generation: int
    model: str
    """Fingerprint of the embedding model."""


def identity(kb: KnowledgeBase) -> Identity:
    """Return the identity of the generation in use; ``(0, "")`` before the first sync."""
    if kb._generation is None:
        return Identity(0, "")
    return Identity(kb.generation, kb._generation.manifest["model"]["fingerprint"])


def unknown_share(kb: KnowledgeBase, text: str) -> float:
    """Return the share of the terms of ``text``, 0..1, that no entry holds; 1 for a text without terms."""
    terms = set(tokens(text))
    if kb._generation is None or not terms:
        return 1.0
    lexical = kb._generation.lexical
    rarest = lexical.rarest
    return sum(rarity >= rarest for rarity in lexical.rarity(terms).values()) / len(terms)


def evidence_for(kb: KnowledgeBase, entry_id: str, text: str, *, tenant: str, today: date) -> Evidence | None:
    """Return one entry as evidence for ``text``, however far it is; None when it may not be used for ``tenant``."""
    generation, store = kb._generation, kb._store
    if generation is None or store is None or tenant not in generation.tenants:
        return None
    row = _row_of(kb, entry_id)
    if row is None or not generation.usable(tenant, today)[row]:
        return None
    surfaces = tokens_with_surfaces(text)
    query = generation.adapted(kb.embedder.embed_queries([clean(text)]))[0]
    held = generation.lexical.scores([term for term, _ in surfaces], [row]).get(row, 0.0)
    lexical = saturate(np.array([held]), generation.lexical.rarest)
    semantic = generation.vectors.scores(query, [row])
    fused = fuse(lexical, semantic, vector_weight=kb.settings.retrieval.weight)
    ranked = Ranked(row, float(fused[0]), float(lexical[0]), float(semantic[0]))
    return describe(generation, store, surfaces, [ranked])[0]


def entries_of(kb: KnowledgeBase, entry_ids: Iterable[str], *, tenant: str) -> dict[str, Entry]:
    """Return those of the entries that the generation in use holds for ``tenant``, also those out of date."""
    generation, store = kb._generation, kb._store
    if generation is None or store is None:
        return {}
    rows = {row for entry_id in entry_ids if (row := _row_of(kb, entry_id)) is not None}
    found = store.versions([int(generation.rows.key[row]) for row in sorted(rows)])
    return {version.entry.id: version.entry for version in found if version.entry.tenant == tenant}


def _row_of(kb: KnowledgeBase, entry_id: str) -> int | None:
    """Find the row of an entry; rows ascend by entry id."""
    assert kb._generation is not None and kb._store is not None
    keys = kb._generation.rows.key
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high) // 2
        [(_, found, _)] = kb._store.identities([int(keys[middle])])
        if found == entry_id:
            return middle
        low, high = (middle + 1, high) if found < entry_id else (low, middle)
    return None
