"""Which sections of a text are near to a concern, by their words and by their meaning."""

from __future__ import annotations

from collections.abc import Sequence

from suggest.compose.outline import Section
from suggest.compose.relevance import Relevance
from suggest.compose.units import Unit

_HEADING = 0.6  # what a term in the heading weighs besides
_MEANING = 3.5  # what nearness of meaning weighs beside shared terms
_OPENING = 0.2  # what a text says before its first heading is mostly meant for everybody
_LONG, _SHORT, _BRIEF = 0.85, 0.84, 0.35
"""How near a further section must be, of the nearness of the best: in a long text, in one that is not much longer than the
draft may be, and in a brief one."""
_NOT_MUCH_LONGER = 1.5
_MOST = 3


def near_sections(
    sections: Sequence[Section], units: Sequence[Unit], relevance: Relevance, budget: int, *, brief: bool
) -> dict[int, float]:
    """Return the numbers of the sections to quote from, each with its nearness to the concern.

    These are the nearest, and those nearly as near. What a long text says before its first heading is among them only
    when it is the nearest itself; that of a ``brief`` text always is. ``budget`` is the length of the draft in characters.
    """
    near = _nearness(sections, units, relevance)
    best = max(near.values(), default=0.0)
    short = sum(unit.length for unit in units) <= _NOT_MUCH_LONGER * budget
    least = (_BRIEF if brief else _SHORT if short else _LONG) * best
    opening = {i for i in near if sections[i].heading is None}
    far = opening if not short and max(near, key=lambda i: near[i], default=0) not in opening else set()
    ranked = sorted(near.keys() - far, key=lambda i: (-near[i], i))[:_MOST]
    kept = {i for i in ranked if near[i] >= min(best, least)} | (opening if brief else set())
    return {i: near[i] for i in kept}


def _nearness(sections: Sequence[Section], units: Sequence[Unit], relevance: Relevance) -> dict[int, float]:
    """Return the nearness of each section that something can be quoted from; of a single one it does not matter."""
    words: dict[int, list[str]] = {}
    for unit in units:
        words.setdefault(unit.section, []).extend(unit.texts)
    if len(words) < 2:
        return dict.fromkeys(words, 0.0)
    near: dict[int, float] = {}
    for i, texts in words.items():
        heading = sections[i].heading
        title = [] if heading is None else [heading.text]
        shared = relevance.share(*title, *texts) + _HEADING * relevance.share(*title)
        near[i] = relevance.coverage * shared + _MEANING * relevance.nearness(*title, *texts)
        near[i] += _OPENING if heading is None else 0.0
    return near
