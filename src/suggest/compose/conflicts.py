"""Entries that contradict each other on a figure or a date of the draft."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from suggest.compose.facts import Fact, facts_of
from suggest.compose.relevance import terms
from suggest.records import Article, ResolvedCase
from suggest.text import sentences

_READ = 4_000
_SHARED = 3  # terms that two sentences about the same thing have in common at least
_NEAR = 0.5  # share of the shorter one's terms
_DIGIT = re.compile(r"\d")
_AMOUNT = re.compile(r"^([¥$€]?)[\d.:/-]+(.*)$")
_TRUST = {"curated": 2, "approved": 1, "unreviewed": 0}
_NEVER = datetime.min.replace(tzinfo=UTC)


class Conflict(NamedTuple):
    """Two entries that give different values for the same thing."""

    one: str
    """What the draft says."""
    other: str
    entry: Article | ResolvedCase
    """The entry that says something else."""


def conflicts(quoted: Sequence[str], others: Sequence[Article | ResolvedCase]) -> Iterator[Conflict]:
    """Yield for each entry the first figure or date in which it contradicts the ``quoted`` sentences."""
    ours = [parts for text in quoted for parts in _stated(text)] if others else []
    if not ours:
        return
    for entry in others:
        own = {fact.value for fact in facts_of(entry.inquiry)} if isinstance(entry, ResolvedCase) else set()
        text = (
            entry.reply if isinstance(entry, ResolvedCase) else f"{entry.point}\n{entry.reason}\n{entry.body}"
        )
        found = next(_between(ours, list(_stated(text)), own), None)
        if found is not None:
            yield Conflict(found[0], found[1], entry)


def outranks(entry: Article | ResolvedCase, other: Article | ResolvedCase) -> bool:
    """Tell whether ``entry`` is to be believed rather: articles before cases, more trusted, then newer."""
    return _rank(entry) > _rank(other)


def _rank(entry: Article | ResolvedCase) -> tuple[bool, int, datetime]:
    return isinstance(entry, Article), _TRUST[entry.trust], entry.updated_at or _NEVER


def _stated(text: str) -> Iterator[tuple[frozenset[str], tuple[Fact, ...]]]:
    for sentence in sentences(text[:_READ]):
        if not _DIGIT.search(sentence.text):
            continue
        facts = tuple(fact for fact in facts_of(sentence.text) if fact.kind in ("number", "date"))
        if facts:
            words = frozenset(t for t in terms(sentence.text) if not any(c.isdigit() for c in t))
            yield words, facts


def _between(
    ours: Sequence[tuple[frozenset[str], tuple[Fact, ...]]],
    theirs: Sequence[tuple[frozenset[str], tuple[Fact, ...]]],
    own: set[str],
) -> Iterator[tuple[str, str]]:
    for words, facts in ours:
        for other_words, other_facts in theirs:
            shared = len(words & other_words)
            if shared < _SHARED or shared < _NEAR * max(len(words), len(other_words)):
                continue
            for unit in {_unit(fact) for fact in facts} & {_unit(fact) for fact in other_facts}:
                mine = [fact.value for fact in facts if _unit(fact) == unit]
                said = [fact.value for fact in other_facts if _unit(fact) == unit]
                if unit and len(mine) == len(said) == 1 and mine != said and not own & {said[0]}:
                    yield mine[0], said[0]


def _unit(fact: Fact) -> str:
    """Return what a figure counts; bare numbers count nothing."""
    if fact.kind == "date":
        return "date"
    match = _AMOUNT.match(fact.value)
    return (match.group(1) + match.group(2)) if match else ""
