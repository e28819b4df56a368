"""Questions of a knowledge base whose answers it holds: what adaptation learns from."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from heapq import nsmallest
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from suggest.index.embedding import Embedder, Vectors
from suggest.index.roster import Roster
from suggest.index.stores import Store
from suggest.records import Article, Entry, ResolvedCase
from suggest.understand.placeholders import without_placeholders

_BATCH = 512
_LOOKED_AT = 4
"""Entries looked at for each pair wanted; more would not find pairs in a knowledge base that has few."""


class KnownPair(NamedTuple):
    """A question, a text that answers it, and a key that all answers to the question share."""

    question: str
    answer: str
    group: int


def known_pairs(store: Store, roster: Roster, limit: int) -> list[KnownPair]:
    """Return at most ``limit`` pairs from the entries of ``roster``.

    An article's title and its body, a resolved inquiry and its reply, a resolved inquiry and the article
    that resolved it. Entries are taken in the order of a hash of their ids: a fair sample, the same
    every time.
    """
    ids, keys = roster.ids, roster.keys
    first = nsmallest(
        _LOOKED_AT * limit + _BATCH, range(len(ids)), key=lambda row: blake2b(ids[row].encode()).digest()
    )
    found: list[KnownPair] = []
    for start in range(0, min(len(first), _LOOKED_AT * limit), _BATCH):
        rows = first[start : start + _BATCH]
        entries = [version.entry for version in store.versions(keys[rows].tolist())]
        named = {e.resolves_with for e in entries if isinstance(e, ResolvedCase) and e.resolves_with}
        used = [row for row in (_row(ids, entry_id) for entry_id in sorted(named)) if row is not None]
        articles = {
            version.entry.id: (key, version.entry)
            for key, version in zip(keys[used].tolist(), store.versions(keys[used].tolist()), strict=True)
        }
        for key, entry in zip(keys[rows].tolist(), entries, strict=True):
            found += _pairs(key, entry, articles)
        if len(found) >= limit:
            break
    return found[:limit]


def _row(ids: Sequence[str], entry_id: str) -> int | None:
    row = bisect_left(ids, entry_id)
    return row if row < len(ids) and ids[row] == entry_id else None


def _pairs(key: int, entry: Entry, articles: Mapping[str, tuple[int, Entry]]) -> list[KnownPair]:
    if isinstance(entry, Article):
        made = [KnownPair(entry.title, entry.body or entry.point, key)]
    else:
        group, article = articles.get(entry.resolves_with or "", (key, None))
        asked, replied = without_placeholders(entry.inquiry), without_placeholders(entry.reply)
        if isinstance(article, Article) and article.tenant == entry.tenant:
            made = [KnownPair(asked, article.body or article.point, group), KnownPair(asked, replied, group)]
        else:
            made = [KnownPair(asked, replied, key)]
    return [pair for pair in made if pair.question.strip() and pair.answer.strip()]


def embedded(
    pairs: Sequence[KnownPair], embedder: Embedder, on_progress: Callable[[str, int, int | None], None]
) -> tuple[Vectors, Vectors, NDArray[np.int64]]:
    """Return the vectors of questions and answers, each of shape (n, d), and the groups, shape (n,)."""
    columns: list[Vectors] = []
    for stage, embed, texts in (
        ("adapting: questions", embedder.embed_queries, [pair.question for pair in pairs]),
        ("adapting: answers", embedder.embed_documents, [pair.answer for pair in pairs]),
    ):
        place = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        vectors = np.zeros((len(place), embedder.dimension), np.float32)
        wanted = list(place)
        for start in range(0, len(wanted), _BATCH):
            part = wanted[start : start + _BATCH]
            vectors[start : start + len(part)] = embed(part)
            on_progress(stage, start + len(part), len(wanted))
        columns.append(vectors[[place[text] for text in texts]])
    return columns[0], columns[1], np.array([pair.group for pair in pairs], dtype=np.int64)
