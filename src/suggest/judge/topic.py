"""Whether an entry treats what a concern is about at all, told by words alone: scores of weak evidence cannot.

Among few entries one is always the nearest, and it may be about another matter altogether. These checks only ever take
evidence away from a draft, or give it an entry that another piece of evidence vouches for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from suggest.judge.scoring import ScoreModel
from suggest.records import Concern, Entry, Evidence
from suggest.text import clean, tokens

Rarity = Mapping[str, float]
"""Term → inverse document frequency in the knowledge base."""

_NAME = re.compile(r"(?<![A-Za-z0-9])[A-Z][A-Za-z]*[a-z][A-Za-z]*(?![A-Za-z0-9])")
_TOPICAL = (0.9, 3.0)
"""Rarity of a product's name: some 5 to 40 % of the entries hold it. Rarer names are happenstance, commoner ones tell nothing."""
_SAME_MATTER = 0.14
"""Share of a concern's words, weighted by rarity, that a past inquiry on the same matter holds (chosen on the sample inquiries)."""


def lowered(
    concern: Concern,
    candidates: Sequence[Evidence],
    scores: Sequence[float],
    *,
    rarity: Rarity,
    cuts: ScoreModel,
) -> tuple[float, ...]:
    """Return the ``scores`` with those of candidates on something else put below every cut.

    That is an article on another product, unless its score is strong, and a past inquiry on another matter, unless the
    article that it was answered with is near by itself. ``rarity`` holds the terms of the concern.
    """
    coded = [holds_code(concern, item.entry) for item in candidates]
    product = [
        not code
        and score < cuts.strong
        and score >= cuts.nothing
        and of_other_product(concern, item.entry, rarity)
        for item, score, code in zip(candidates, scores, coded, strict=True)
    ]
    near = {
        item.entry.id
        for item, score, other in zip(candidates, scores, product, strict=True)
        if item.entry.kind == "faq" and score >= cuts.weak and not other
    }
    return tuple(
        min(score, cuts.nothing - 1)
        if other
        or (
            not code
            and item.entry.kind == "case"
            and item.entry.resolves_with not in near
            and of_other_matter(item.entry, rarity)
        )
        else score
        for item, score, other, code in zip(candidates, scores, product, coded, strict=True)
    )


def own_part(concern: Concern, concerns: Sequence[Concern]) -> str:
    """Return what a concern says that the others of the inquiry do not: what stands before all of them tells nothing."""
    shared = {line for other in concerns if other is not concern for line in other.text.splitlines()}
    own = "\n".join(line for line in concern.text.splitlines() if line not in shared)
    return own or concern.text


def holds_code(concern: Concern, entry: Entry) -> bool:
    """Tell whether the title of an article, or a past inquiry, names a code that the concern gives."""
    if not concern.codes:
        return False
    head = clean(entry.title if entry.kind == "faq" else entry.inquiry).upper()
    return any(clean(code).upper() in head for code in concern.codes)


def of_other_product(concern: Concern, entry: Entry, rarity: Rarity) -> bool:
    """Tell whether the concern names products of the knowledge base and the entry none of them."""
    named = {
        term: name.lower()
        for name in set(_NAME.findall(clean(concern.text)))
        for term in tokens(name)
        if _TOPICAL[0] <= rarity.get(term, 0.0) <= _TOPICAL[1]
    }
    if not named:
        return False
    text = (
        f"{entry.title}\n{entry.body}\n{entry.point}"
        if entry.kind == "faq"
        else f"{entry.inquiry}\n{entry.reply}"
    )
    written = text.lower()
    if any(name in written for name in named.values()):  # the analysis below costs more
        return False
    held = {*tokens(text), *tokens(entry.product), *tokens(" ".join(entry.tags))}
    return not held.intersection(named)


def of_other_matter(entry: Entry, rarity: Rarity) -> bool:
    """Tell whether a past inquiry shares next to nothing with the concern whose terms have this ``rarity``."""
    whole = sum(rarity.values())
    if entry.kind != "case" or not whole:
        return False
    held = set(tokens(entry.inquiry))
    return sum(weight for term, weight in rarity.items() if term in held) < _SAME_MATTER * whole


def linked(entry: Entry, candidates: Sequence[Evidence]) -> Evidence | None:
    """Return the article that a past inquiry was answered with, if it is among the candidates."""
    if entry.kind != "case" or entry.resolves_with is None:
        return None
    return next((item for item in candidates if item.entry.id == entry.resolves_with), None)
