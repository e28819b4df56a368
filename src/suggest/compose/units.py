"""What can be quoted from a text: sentences, bullets of full sentences, whole lists; each with a score."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from suggest.compose.outline import Item, Listing, Section, Sentence
from suggest.compose.polite import polite as politely
from suggest.compose.quoting import quotable
from suggest.compose.relevance import Relevance
from suggest.compose.roles import (
    gives_choice,
    introduces,
    is_instruction,
    is_polite,
    is_remedy,
    names_document,
    role_of,
)

_ROLE_BONUS = {
    "conclusion": 0.15,
    "cause": 0.1,
    "note": -0.1,
    "contact": -0.3,
    "plain": -0.05,
    "fragment": -0.5,
    "condition": -0.5,
}
TELLING = 0.3
"""A share from which a sentence is clearly about the concern."""
ASIDE = 0.3
"""A fact with less than this of the best one's share is beside the point."""
_MOST_ARTICLES = 2
_LONGEST_TITLE = 60
_TITLE = re.compile(r"[^。：:>]{4,}(?:する|方法|手順|概要|について|トラブルシューティング)。?$")
_LINKS = re.compile(r"記事|リンク|トピック|関連|詳細|参考|\b(?:articles?|links?|related)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unit:
    """A sentence, a bullet of full sentences, or a whole list, with its place and its score."""

    section: int
    block: int
    position: int
    content: tuple[Sentence, ...] | Listing
    share: float
    score: float
    bullet: bool = False
    pointer: bool = False
    """The unit names another document to read."""

    @property
    def place(self) -> tuple[int, int, int]:
        """Where the unit stands in the text."""
        return self.section, self.block, self.position

    @property
    def paragraph(self) -> tuple[int, int]:
        """The paragraph or list in which the unit stands."""
        return self.place[:2]

    @property
    def procedure(self) -> bool:
        """The unit is a list of steps."""
        return isinstance(self.content, Listing) and self.content.procedure

    @property
    def length(self) -> int:
        """Characters that the unit takes."""
        if isinstance(self.content, Listing):
            return self.content.length
        return sum(len(sentence.text) for sentence in self.content)

    @property
    def texts(self) -> list[str]:
        """The sentences or items of the unit."""
        return self.content.texts if isinstance(self.content, Listing) else [s.text for s in self.content]

    @property
    def lead(self) -> Sentence:
        """The first sentence (of a list: of its first item)."""
        return self.content.items[0].lines[0][0] if isinstance(self.content, Listing) else self.content[0]


def units_of(sections: tuple[Section, ...], relevance: Relevance, japanese: bool) -> list[Unit]:
    """Cut the sections into the units that may be quoted, each with its score for the concern."""
    units: list[Unit] = []
    for s, section in enumerate(sections):
        heading = section.heading.text if section.heading else ""
        context = 0.4 * relevance.share(heading) if heading else 0.1
        question = [heading] if section.asked else []  # an answer need not repeat its words
        for b, block in enumerate(section.blocks):
            early = 0.25 if s == 0 and b == 0 else 0.15 if b == 0 else 0.0
            if isinstance(block, Listing):
                units += _list_units(s, b, block, relevance, context + early, japanese)
                continue
            polite = any(is_polite(sentence.text) for sentence in block)
            for p, sentence in enumerate(block):
                if _points(sentence, japanese) and not is_remedy(sentence.text):
                    share = relevance.share(sentence.text)
                    units.append(Unit(s, b, p, (sentence,), share, share + context, pointer=True))
                elif _stands(sentence, japanese, before=block[p + 1 : p + 2]):
                    share = relevance.share(*question, sentence.text)
                    bonus = _ROLE_BONUS.get(sentence.role, 0.0) + (early if p == 0 else early / 2)
                    plain = sentence.role == "plain" and not polite and politely(sentence.text) is None
                    units.append(Unit(s, b, p, (sentence,), share, share + context + bonus, bullet=plain))
    return units


def _list_units(
    s: int, b: int, block: Listing, relevance: Relevance, context: float, japanese: bool
) -> list[Unit]:
    if _names_articles(block, japanese):
        share = relevance.share(*block.texts)
        titles = replace(block, procedure=False)
        return [Unit(s, b, 0, titles, share, share + context, pointer=True)]
    whole = whole_list(block, japanese)
    if block.procedure:
        share = relevance.share(*block.texts)
        return [Unit(s, b, 0, whole, share, 0.85 * share + context + 0.25)] if whole else []
    if whole and block.intro is not None and whole.intro is not None and gives_choice(block.intro.text):
        share = relevance.share(*block.texts)
        return [Unit(s, b, 0, whole, share, share + context + 0.2)]
    prose = [
        tuple(x for line in item.lines for x in line if _stands(x, japanese))
        for item in block.items
        if item.lines[0] and is_polite(item.lines[0][0].text)
    ]
    prose = [sentences for sentences in prose if sentences]
    if len(prose) * 2 < len(block.items):
        whole = whole and _telling_facts(whole, relevance)
        share = relevance.share(*block.texts)
        return [Unit(s, b, 0, whole, share, share + context + 0.15)] if whole else []
    units = []
    for p, sentences in enumerate(prose):
        share = relevance.share(*(x.text for x in sentences))
        units.append(Unit(s, b, p, sentences, share, share + context, bullet=True))
    return units


def _names_articles(block: Listing, japanese: bool) -> bool:
    """Tell whether a list of one or two titles says what to read: 「詳細については、次の記事を参照してください。」"""
    intro = block.intro
    return (
        intro is not None
        and not block.numbered
        and len(block.items) <= _MOST_ARTICLES
        and role_of(intro.text) == "reference"
        and _LINKS.search(intro.text) is not None
        and quotable(intro, japanese=japanese)
        and all(
            len(item.lines) == 1
            and len(item.text) <= _LONGEST_TITLE
            and all(quotable(x, japanese=japanese, in_list=True) for x in item.lines[0])
            for item in block.items
        )
    )


def _telling_facts(block: Listing, relevance: Relevance) -> Listing:
    """Return a list of facts, each said in sentences like 「変更は即時反映。」, without those that say far less about the concern than the best one."""
    said = [sentence for item in block.items for line in item.lines for sentence in line]
    if block.intro is not None or not all(s.role == "plain" and s.text.endswith("。") for s in said):
        return block
    shares = [relevance.share(item.text) for item in block.items]
    if max(shares) < TELLING:
        return block
    kept = [item for item, share in zip(block.items, shares, strict=True) if share >= ASIDE * max(shares)]
    return replace(block, items=tuple(kept), thinned=block.thinned or len(kept) < len(block.items))


def whole_list(block: Listing, japanese: bool) -> Listing | None:
    """Return the list ready to be quoted, or None when one of its items cannot be."""
    items: list[Item] = []
    for item in block.items:
        lines: list[tuple[Sentence, ...]] = []
        for line in item.lines:
            fit = tuple(
                x
                for i, x in enumerate(line)
                if quotable(x, japanese=japanese, in_list=True) and (i == 0 or x.role != "reference")
            )
            if lines and line and not (fit and fit[0] is line[0]):
                continue  # what stands below a step may be left out
            if line and (not fit or fit[0] is not line[0]):
                return None
            if not line and not lines:
                return None
            if line and not block.procedure and line[0].role == "reference":
                return None
            lines.append(fit)
        items.append(Item(tuple(lines)))
    if not block.procedure and ((len(items) < 2 and not block.thinned) or _is_link_list(block)):
        return None
    intro = block.intro
    if intro is not None and (intro.role == "reference" or _LINKS.search(intro.text)):
        if not block.numbered:
            return None
        intro = None
    if intro is not None and not quotable(intro, japanese=japanese):
        intro = None
    return replace(block, intro=intro, items=tuple(items))


def _is_link_list(block: Listing) -> bool:
    """Tell a list of titles of other articles, whose links got lost, from a list of facts."""
    titles = sum(_TITLE.search(item.text) is not None for item in block.items)
    return block.intro is None and titles * 2 >= len(block.items)


def _points(sentence: Sentence, japanese: bool) -> bool:
    return (
        sentence.role == "reference"
        and names_document(sentence.text)
        and quotable(sentence, japanese=japanese)
    )


def _stands(sentence: Sentence, japanese: bool, *, before: tuple[Sentence, ...] = ()) -> bool:
    """Tell whether a sentence says something by itself, or together with the one that it stands ``before``."""
    return (
        (sentence.role not in ("reference", "fragment", "condition") or is_remedy(sentence.text))
        and quotable(sentence, japanese=japanese)
        and not (introduces(sentence.text) and not any(is_instruction(other.text) for other in before))
    )
