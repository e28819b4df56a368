"""Another wording of a draft, by a person or a program, held against the draft's facts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from suggest.compose.facts import Fact, facts_of
from suggest.compose.relevance import terms
from suggest.records import Draft, FactChange
from suggest.text import sentences

_NUMBERING = re.compile(r"^(?:■ )?\d{1,3}[.)．）] ?|^[①-⑳]", re.MULTILINE)
_NEAR = 0.6  # sentences that share this much are versions of one another
_LIMITS = frozenset("以上 以下 未満 以内".split())
_PLACED = ("url", "email", "code", "date", "number")  # what counts as the same fact wherever it stands
_SPACE = re.compile(r"[\s　]+")


class _Sentence(NamedTuple):
    start: int
    end: int
    terms: frozenset[str]
    facts: tuple[Fact, ...]

    def values(self, kind: str) -> set[str]:
        return {fact.value for fact in self.facts if fact.kind == kind}


def check_rewrite(draft: Draft, text: str) -> tuple[FactChange, ...]:
    """Name each fact that ``text`` adds to ``draft``, changes or drops; nothing when all are as they were.

    Facts are URLs, mail addresses, codes, dates, numbers with units and limits, labels in brackets, names and
    what is negated. Facts of greetings and signatures may be dropped. In the order: added and changed by
    their place in ``text``, then dropped by their place in ``draft.text``.
    """
    ours, theirs = _split(draft.text), _split(text)
    required = _required(draft)
    changes = [*_by_sentence(ours, theirs), *_by_value(draft.text, text, ours, theirs, required)]
    seen: set[tuple[bool, int, int, str]] = set()
    unique: list[FactChange] = []
    for change in sorted(changes, key=lambda c: (c.change == "dropped", c.start, c.change != "changed")):
        key = (change.change == "dropped", change.start, change.end, change.kind)
        if key not in seen:
            seen.add(key)
            unique.append(change)
    replaced = {(change.kind, change.before) for change in unique if change.change == "changed"}
    return tuple(
        change
        for change in unique
        if not (change.change == "dropped" and (change.kind, change.value) in replaced)
    )


def _split(text: str) -> list[_Sentence]:
    plain = _NUMBERING.sub(lambda match: " " * len(match.group()), text)
    facts = facts_of(plain, negated=True)
    found = []
    for span in sentences(plain):
        own = tuple(fact for fact in facts if span.start <= fact.start < span.end)
        found.append(_Sentence(span.start, span.end, terms(span.text), own))
    return found


def _required(draft: Draft) -> set[tuple[str, str]]:
    """Return the facts that come from entries: those that must not get lost."""
    return {
        (fact.kind, fact.value)
        for claim in draft.claims
        if claim.source.kind == "entry" or claim.source.template in ("question",)
        for fact in facts_of(claim.text)
    }


def _by_value(
    before: str, after: str, ours: list[_Sentence], theirs: list[_Sentence], required: set[tuple[str, str]]
) -> Iterator[FactChange]:
    own = [fact for sentence in ours for fact in sentence.facts]
    new = [fact for sentence in theirs for fact in sentence.facts]
    known = {(fact.kind, fact.value) for fact in own}
    kept = {(fact.kind, fact.value) for fact in new}
    words_before, words_after = _SPACE.sub("", before).casefold(), _SPACE.sub("", after).casefold()
    for fact in new:
        told = fact.kind in ("label", "name") and fact.value.casefold() in words_before
        if (
            fact.kind not in ("term", "negation", "limit")
            and (fact.kind, fact.value) not in known
            and not told
        ):
            yield _change("added", fact, after)
    for fact in own:
        told = fact.kind in ("label", "name") and fact.value.casefold() in words_after
        watched = fact.kind not in ("term", "negation", "limit") and (fact.kind, fact.value) in required
        if watched and (fact.kind, fact.value) not in kept and not told:
            yield _change("dropped", fact, before)
    yield from _negations(before, after, ours, theirs)


def _negations(
    before: str, after: str, ours: list[_Sentence], theirs: list[_Sentence]
) -> Iterator[FactChange]:
    """Compare what is negated, sentence by sentence, then over the whole text."""
    ours_all = Counter(f.value for s in ours for f in s.facts if f.kind == "negation")
    theirs_all = Counter(f.value for s in theirs for f in s.facts if f.kind == "negation")
    matched: set[int] = set()
    for sentence in theirs:
        i = _nearest(sentence, ours)
        if i is None:
            continue
        matched.add(i)
        now = [fact for fact in sentence.facts if fact.kind == "negation"]
        was = [fact for fact in ours[i].facts if fact.kind == "negation"]
        if len(now) > len(was):
            yield from (_change("added", fact, after) for fact in _beyond(now, was)[: len(now) - len(was)])
        for fact in _beyond(was, now)[: max(0, len(was) - len(now))]:
            if theirs_all[fact.value] < ours_all[fact.value]:  # it may have moved to another sentence
                yield _change("dropped", fact, before)
    for i, sentence in enumerate(ours):
        for fact in sentence.facts if i not in matched else ():
            if fact.kind == "negation" and not theirs_all[fact.value]:
                yield _change("dropped", fact, before)


def _beyond(facts: Sequence[Fact], others: Sequence[Fact]) -> list[Fact]:
    """Order ``facts`` so that those without a counterpart come first."""
    values = {fact.value for fact in others}
    return sorted(facts, key=lambda fact: fact.value in values)


def _by_sentence(ours: list[_Sentence], theirs: list[_Sentence]) -> Iterator[FactChange]:
    """Find facts that stand in place of another one in an otherwise like sentence."""
    for sentence in theirs:
        i = _nearest(sentence, ours)
        if i is None:
            continue
        other = ours[i]
        for kind in (*_PLACED, "label", "name", "term"):
            gone = _rest(other.facts, sentence.facts, kind)
            come = _rest(sentence.facts, other.facts, kind)
            for was, now in zip(gone, come, strict=False):
                yield FactChange(
                    change="changed",
                    kind=kind,
                    value=now.value,
                    start=now.start,
                    end=now.end,
                    before=was.value,
                )
        limits = {fact.value: fact for fact in other.facts if fact.kind == "limit"}
        for fact in sentence.facts:
            if fact.kind == "limit" and fact.value not in limits:
                number = fact.value.rstrip("以上下未満内降前後")
                was_limit = next((value for value in limits if value.startswith(number)), None)
                if was_limit or (fact.value[len(number) :] in _LIMITS and number in other.values("number")):
                    yield FactChange(
                        change="changed",
                        kind="limit",
                        value=fact.value,
                        start=fact.start,
                        end=fact.end,
                        before=was_limit or number,
                    )


def _rest(facts: Sequence[Fact], others: Sequence[Fact], kind: str) -> list[Fact]:
    """Return the facts of a kind that stand there more often than among ``others``."""
    left = Counter(fact.value for fact in facts if fact.kind == kind)
    left.subtract(fact.value for fact in others if fact.kind == kind)
    found = []
    for fact in facts:
        if fact.kind == kind and left[fact.value] > 0:
            left[fact.value] -= 1
            found.append(fact)
    return found


def _nearest(sentence: _Sentence, others: list[_Sentence]) -> int | None:
    best, place = 0.0, None
    for i, other in enumerate(others):
        if not sentence.terms or not other.terms:
            continue
        shared = len(sentence.terms & other.terms)
        near = shared / len(sentence.terms | other.terms)
        if near > best:
            best, place = near, i
    return (
        place
        if best >= _NEAR or (place is not None and best >= 0.4 and _same_shape(sentence, others[place]))
        else None
    )


def _same_shape(one: _Sentence, other: _Sentence) -> bool:
    return min(len(one.terms), len(other.terms)) <= 6


def _change(kind: Literal["added", "dropped"], fact: Fact, text: str) -> FactChange:
    value = fact.value if fact.kind != "label" else text[fact.start : fact.end]
    return FactChange(change=kind, kind=fact.kind, value=value, start=fact.start, end=fact.end)
