"""Ranks the entries of a generation for one question, and describes those that came out best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from suggest.index.embedding import Vectors
from suggest.index.fusion import fuse, lend, saturate
from suggest.index.generation import Generation
from suggest.index.late import Packed, maxsim
from suggest.index.rows import NO_ROW
from suggest.index.snippet import snippet
from suggest.index.stores import Store
from suggest.records import Evidence, Match
from suggest.text import tokens

_LARGE = 50_000  # entries above which a search uses two threads
_First = TypeVar("_First")
_Second = TypeVar("_Second")
_POOL = 60
"""Candidates taken from each leg before fusion. With 100 the first ten are the same: 407 questions to 2,815 entries; 200 to a million."""
_SMALL = 4_000
"""Entries up to which a search by words beside a slow model returns all it finds, so that no scores have to be asked for after it."""
_PASSAGE_SHARE = 0.5
"""How far a long entry moves from its own cosine to that of its nearest passage. Of many passages one is near
by chance: all the way, long entries crowd out short ones."""


_COMPARED = 20
"""Candidates that are compared word by word, however many were asked for; the others follow them."""
_LATE_SHARE = 0.5
"""Share of late interaction in the semantic score of a model that has it; the rest is the cosine (decision 17)."""


class Words(NamedTuple):
    """What comparing word by word takes."""

    pieces: Vectors
    """Unit vectors of the question's word pieces, shape (n, w)."""
    pieces_of: Callable[[Sequence[int]], Sequence[Packed]]
    """Returns the word pieces of rows."""


class Question(NamedTuple):
    """What the model says of a question."""

    vector: NDArray[np.float32]
    """Adapted, shape (d,)."""
    words: Words | None
    """None for a model without word pieces."""


class Ranked(NamedTuple):
    """An entry and its scores, each in 0..1."""

    row: int
    score: float
    """Fused, with what resolved inquiries lend."""
    lexical: float
    semantic: float


def rank(
    generation: Generation,
    text: str,
    read: Callable[[], Question],
    *,
    tenant: str,
    day: date,
    slow_model: bool,
    vector_weight: float,
    top: int,
    per_kind: int,
) -> list[Ranked]:
    """Return the ``top`` entries for ``text`` that ``tenant`` may use on ``day``, best first.

    ``read`` returns what the model says of the text; where that takes a while, the words are looked up beside it. With
    word pieces the best candidates are compared word by word too. At least ``per_kind`` of each kind follow in
    the same ranking where the candidates hold them, so more than ``top`` may come back.
    """
    usable = generation.usable(tenant, day)
    large = len(generation) > _LARGE
    all_words = slow_model and len(generation) <= _SMALL
    pool = max(_POOL, top)

    def by_words() -> tuple[list[str], dict[int, float | None]]:
        terms = tokens(text)
        return terms, _by_words(generation, terms, usable, tenant, len(generation) if all_words else pool)

    def by_meaning() -> tuple[Question, list[tuple[int, float]]]:
        question = read()
        return question, generation.vectors.search(question.vector, limit=pool, among=usable)

    ((query, words), found), (terms, held) = _both(by_meaning, by_words, beside=large or slow_model)
    passages = generation.passages.nearest(query, usable)
    near = {row for row, _ in found}
    near.update(sorted(passages, key=lambda row: (-passages[row], row))[:pool])
    candidates = near.union(islice(held, pool))
    answering = generation.rows.answered_by[sorted(candidates)]
    rows = sorted(candidates.union(int(row) for row in answering if row != NO_ROW and usable[row]))
    if not rows:
        return []
    unknown = [] if all_words else [row for row in rows if held.get(row) is None]
    half = len(unknown) // 2 if large else 0
    said, more = _both(
        lambda: generation.lexical.scores(terms, unknown[half:]),
        lambda: generation.lexical.scores(terms, unknown[:half]),
        beside=large,
    )
    said |= more
    bm25 = np.array([held.get(row) or said.get(row, 0.0) for row in rows])
    lexical = saturate(bm25, generation.lexical.rarest)
    semantic = generation.vectors.scores(query, rows)
    lead = np.array([passages.get(row, -1.0) for row in rows]) - semantic
    semantic = (semantic + _PASSAGE_SHARE * np.maximum(lead, 0.0)).astype(np.float32)
    answered_by = generation.rows.answered_by
    fused = _fused(answered_by, rows, lexical, semantic, vector_weight)
    order = sorted(range(len(rows)), key=lambda i: (-fused[i], rows[i]))
    if words is not None:
        compared = sorted(order[place] for place in _choose(generation, rows, order, _COMPARED, per_kind))
        these = [rows[i] for i in compared]
        semantic[compared] = _word_by_word(words, these, semantic[compared])
        fused[compared] = _fused(answered_by, these, lexical[compared], semantic[compared], vector_weight)
        rest = [i for i in order if i not in compared]
        fused[rest] = np.minimum(fused[rest], fused[compared].min())
        order = [*sorted(compared, key=lambda i: (-fused[i], rows[i])), *rest]
    chosen = [order[place] for place in _choose(generation, rows, order, top, per_kind)]
    return [Ranked(rows[i], float(fused[i]), float(lexical[i]), float(semantic[i])) for i in chosen]


def _fused(
    answered_by: NDArray[np.int32],
    rows: Sequence[int],
    lexical: NDArray[np.float64],
    semantic: NDArray[np.float32],
    vector_weight: float,
) -> NDArray[np.float64]:
    """Return the scores of ``rows`` (ascending), with what resolved inquiries lend."""
    fused = fuse(lexical, semantic, vector_weight=vector_weight)
    return lend(fused, answered_by[list(rows)], np.asarray(rows))


def _word_by_word(words: Words, rows: Sequence[int], semantic: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return ``semantic`` moved towards what comparing word by word says; as it is for an entry without words."""
    near = maxsim(words.pieces, words.pieces_of(rows))
    mixed = (1 - _LATE_SHARE) * semantic + _LATE_SHARE * near
    return np.where(np.isnan(near), semantic, mixed).astype(np.float32)


def score_one(
    generation: Generation,
    row: int,
    terms: Sequence[str],
    question: Question,
    *,
    vector_weight: float,
) -> Ranked:
    """Return one row with its scores, without what resolved inquiries lend and without passages."""
    held = generation.lexical.scores(terms, [row]).get(row, 0.0)
    lexical = saturate(np.array([held]), generation.lexical.rarest)
    semantic = generation.vectors.scores(question.vector, [row])
    if question.words is not None:
        semantic = _word_by_word(question.words, [row], semantic)
    fused = fuse(lexical, semantic, vector_weight=vector_weight)
    return Ranked(row, float(fused[0]), float(lexical[0]), float(semantic[0]))


def _both(
    first: Callable[[], _First], second: Callable[[], _Second], *, beside: bool
) -> tuple[_First, _Second]:
    """Return what both give; ``beside`` each other where that pays, for models and indexes release Python's lock."""
    if not beside:
        return first(), second()
    later = _threads().submit(second)
    return first(), later.result()


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(thread_name_prefix="suggest-search")


def _by_words(
    generation: Generation, terms: Sequence[str], usable: NDArray[np.bool_], tenant: str, pool: int
) -> dict[int, float | None]:
    """Return the best ``pool`` usable rows of the lexical leg, with BM25 if known; filters must not thin them."""
    limit = pool
    while True:
        hits = generation.lexical.candidates(terms, tenant=tenant, limit=limit)
        kept = hits if usable.all() else {row: score for row, score in hits.items() if usable[row]}
        if len(kept) >= pool or len(hits) < limit:
            return dict(islice(kept.items(), pool))
        limit *= 4


def _choose(
    generation: Generation, rows: Sequence[int], order: Sequence[int], top: int, per_kind: int
) -> list[int]:
    """Return places in ``order``, which lists ``rows`` best first: the first ``top``, then more of a kind that is short."""
    places = list(range(min(top, len(order))))
    if per_kind:
        kinds: NDArray[Any] = generation.rows.kind[[rows[i] for i in order]]
        for kind in (0, 1):
            places.extend(int(p) for p in np.flatnonzero(kinds == kind)[:per_kind] if p >= top)
    return sorted(places)


def describe(
    generation: Generation, store: Store, surfaces: Sequence[tuple[str, str]], ranked: Sequence[Ranked]
) -> list[Evidence]:
    """Return the entries of ``ranked`` as evidence; ``surfaces`` are the question's terms and words."""
    keys = [int(generation.rows.key[item.row]) for item in ranked]
    checksums = [int(generation.rows.checksum[item.row]) for item in ranked]
    rarity = generation.lexical.rarity(term for term, _ in surfaces)
    whole = sum(rarity.values()) or 1.0
    words = {surface: rarity[term] for term, surface in surfaces if len(surface) > 1}
    found = []
    for item, (entry, own) in zip(ranked, store.versions(keys, checksums), strict=True):
        held = set(own.title.split()).union(own.body.split())
        match = Match(
            entry_id=entry.id,
            kind=entry.kind,
            title=entry.title,
            score=round(item.score, 6),
            lexical=round(item.lexical, 6),
            semantic=round(item.semantic, 6),
            coverage=round(sum(r for t, r in rarity.items() if t in held) / whole, 6),
            snippet=snippet(entry, words),
        )
        found.append(Evidence(match=match, entry=entry))
    return found
