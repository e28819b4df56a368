"""Leaves out the branches of an article that are for others: whoever writes about an iPhone needs no steps for Android.

Only where the article has a branch for the case that the concern names, and only next to it: a part that is alone may be for
everybody, whatever its heading says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from suggest.compose.outline import Block, Item, Listing, Section, Sentence
from suggest.text import clean
from suggest.understand.facets import Facet, facets

_LABEL = re.compile(r"(.{1,25}?)(?:[：:]|の場合|を(?:お使い|ご利用|使用)|\bif\b)", re.IGNORECASE)
"""What a bullet or a line is for, before what it says: 「iPhone：…」「Mac の場合は…」."""
_COLON = re.compile(r"([^:。]{1,60}):\s")
_OF_ITS_OWN = re.compile("は|なら|であれば|の場合|のとき|では")
_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]*")
_Part = TypeVar("_Part")


def own_branches(sections: Sequence[Section], questions: Iterable[str]) -> tuple[Section, ...]:
    """Return ``sections`` without sections, bullets and lines for another case than the one that ``questions`` name."""
    said = clean("\n".join(questions)).lower()
    kept = tuple(sections)
    for facet in facets():
        named = set(facet.found_in(said)) if facet.pattern is None else set()
        if named:
            kept = tuple(
                replace(section, blocks=tuple(_block(block, facet, named) for block in section.blocks))
                for section in _own(kept, _heading, facet, named)
            )
    names = frozenset(_NAME.findall(said))
    codes = frozenset(match.group(1) for match in _codes(said))
    return tuple(
        replace(section, blocks=tuple(_clauses(_named(block, names), codes) for block in section.blocks))
        for section in kept
    )


def _clauses(block: Block, codes: frozenset[str]) -> Block:
    """Of a sentence that goes through several codes, keep the last clause where it alone is about the customer's code.

    「ER-203は時刻のずれ、ER-207は宛先の誤りを示すコードです。」 says to whoever has ER-207: 「ER-207は宛先の誤りを示すコードです。」
    """
    if not codes or isinstance(block, Listing):
        return block
    return tuple(_last_clause(sentence, codes) for sentence in block)


def _last_clause(sentence: Sentence, codes: frozenset[str]) -> Sentence:
    found = _codes(sentence.text.lower())
    if len(found) < 2 or [match.group(1) in codes for match in found] != [False] * (len(found) - 1) + [True]:
        return sentence
    at, end = found[-1].span()
    if sentence.text[at - 1] != "、" or _OF_ITS_OWN.match(sentence.text, end) is None:
        return sentence
    return replace(sentence, text=sentence.text[at:], start=sentence.start + at)


def _codes(text: str) -> list[re.Match[str]]:
    pattern = next(facet.pattern for facet in facets() if facet.name == "code")
    return list(pattern.finditer(text)) if pattern else []


def _named(block: Block, names: frozenset[str]) -> Block:
    """Leave out the bullets of a list that are labelled for others, where one is labelled with what the customer names.

    Of 「Office 365 E3: 90 日間」 and 「Office 365 E5: 365 日間」 whoever has E3 needs the first.
    """
    if not isinstance(block, Listing) or block.numbered:
        return block
    labels = [frozenset(_NAME.findall(_before_colon(item))) for item in block.items]
    shared = frozenset.intersection(*(label for label in labels if label)) if any(labels) else frozenset()
    mine = [label - shared <= names and any(map(str.isalpha, "".join(label - shared))) for label in labels]
    if not any(mine):
        return block
    kept: list[Item] = []
    keep = True
    for item, label, fits in zip(block.items, labels, mine, strict=True):
        if label - shared:  # what has no label of its own goes with what stands before it
            keep = fits
        if keep:
            kept.append(item)
    return replace(block, items=tuple(kept), thinned=block.thinned or len(kept) < len(block.items))


def _before_colon(item: Item) -> str:
    found = _COLON.match(clean(item.text).lower())
    return found.group(1) if found else ""


def _block(block: Block, facet: Facet, named: set[str]) -> Block:
    if not isinstance(block, Listing):
        return block
    items = block.items
    if not block.numbered:  # steps come one after the other
        items = tuple(_own(items, lambda item: _label(item.lines[0]), facet, named))
    lines = tuple(Item((item.lines[0], *_own(item.lines[1:], _label, facet, named))) for item in items)
    return replace(block, items=lines, thinned=block.thinned or len(items) < len(block.items))


def _own(
    parts: Sequence[_Part], label: Callable[[_Part], str], facet: Facet, named: set[str]
) -> Sequence[_Part]:
    """Return ``parts`` without those labelled for others, where one is labelled for the case."""
    of = [set(facet.found_in(label(part))) for part in parts]
    if not any(values & named for values in of):
        return parts
    return [part for part, values in zip(parts, of, strict=True) if not values or values & named]


def _heading(section: Section) -> str:
    return clean(section.heading.text).lower() if section.heading else ""


def _label(line: Sequence[Sentence]) -> str:
    found = _LABEL.match(clean(line[0].text).lower()) if line else None
    return found.group(1) if found else ""
