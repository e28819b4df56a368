"""Questions of a knowledge base whose answers it holds: what adaptation learns from."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from suggest.index.embedding import Embedder, Vectors
from suggest.index.store import EntryStore
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


def known_pairs(store: EntryStore, keys: Mapping[str, int], limit: int) -> list[KnownPair]:
    """Return at most ``limit`` pairs from the entries ``keys`` (entry id → store key).

    An article's title and its body, a resolved inquiry and its reply, a resolved inquiry and the article
    that resolved it. Entries are taken in the order of a hash of their ids: a fair sample, the same
    every time.
    """
    order = iter(sorted(keys, key=lambda entry_id: hashlib.blake2b(entry_id.encode()).digest()))
    found: list[KnownPair] = []
    looked_at = 0
    while len(found) < limit and looked_at < _LOOKED_AT * limit:
        names = list(islice(order, _BATCH))
        if not names:
            break
        looked_at += len(names)
        entries = [version.entry for version in store.versions([keys[name] for name in names])]
        named = {e.resolves_with for e in entries if isinstance(e, ResolvedCase) and e.resolves_with}
        used = sorted(named & keys.keys())
        articles = dict(zip(used, (v.entry for v in store.versions([keys[u] for u in used])), strict=True))
        for entry in entries:
            found += _pairs(entry, keys, articles)
    return found[:limit]


def _pairs(entry: Entry, keys: Mapping[str, int], articles: Mapping[str, Entry]) -> list[KnownPair]:
    if isinstance(entry, Article):
        made = [KnownPair(entry.title, entry.body or entry.point, keys[entry.id])]
    else:
        asked, replied = without_placeholders(entry.inquiry), without_placeholders(entry.reply)
        article = articles.get(entry.resolves_with or "")
        if isinstance(article, Article) and article.tenant == entry.tenant:
            group = keys[article.id]
            made = [KnownPair(asked, article.body or article.point, group), KnownPair(asked, replied, group)]
        else:
            made = [KnownPair(asked, replied, keys[entry.id])]
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
