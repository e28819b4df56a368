"""Self-supervision: the knowledge base is asked its own questions, with the answer there and taken out.

Resolved cases that name their article are real questions with a known answer: each is asked without itself, once
with the article (and the other cases that used it) there, once with all of them taken out. Titles of articles are
asked with two words of five dropped. Questions from elsewhere have no answer at all.

Titles are not what customers write: alone they make confidence worse (benchmarks/README.md), so they count only
beside enough cases.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Iterator
from datetime import date
from importlib.resources import files
from typing import NamedTuple

from suggest.index.knowledge_base import KnowledgeBase
from suggest.judge.features import Features, considered, features_of
from suggest.records import Article, Concern, Inquiry, ResolvedCase
from suggest.text import clean, morphemes, tokens
from suggest.understand import understand

ENOUGH_CASES = 20
MOST = 200
_KEPT = 0.6
_DEPTH = 10

Progress = Callable[[int], None]


class Asked(NamedTuple):
    """A question, what answers it, and what counts as taken out."""

    concern: Concern
    tenant: str
    answers: frozenset[str]
    without: frozenset[str]


class Example(NamedTuple):
    """The best candidate for one own question."""

    features: Features
    answers: bool


def own_examples(kb: KnowledgeBase, *, today: date, on_progress: Progress | None = None) -> list[Example]:
    """Ask the knowledge base its own questions; none when it holds too few cases that name their article."""
    found: list[Example] = []
    for number, question in enumerate(own_questions(kb), 1):
        example = _example(kb, question, today)
        if example is not None:
            found.append(example)
        if on_progress is not None:
            on_progress(number)
    return found


def own_questions(kb: KnowledgeBase) -> Iterator[Asked]:
    """Yield the questions, the same ones for the same entries."""
    rng = random.Random(0)  # noqa: S311 - the same sample every time
    articles: list[Article] = []
    cases: list[ResolvedCase] = []
    for entry in kb.entries():
        if isinstance(entry, Article):
            if entry.title and entry.body:
                articles.append(entry)
        elif entry.resolves_with:
            cases.append(entry)
    if len(cases) < ENOUGH_CASES:
        return
    users: dict[str, set[str]] = {}
    for case in cases:
        users.setdefault(case.resolves_with or "", set()).add(case.id)
    tenants = {item.tenant for item in (*articles, *cases)}
    rng.shuffle(articles)
    rng.shuffle(cases)
    for case in cases[:MOST]:
        concerns = understand(Inquiry(text=case.inquiry)).concerns
        if len(concerns) == 1:
            family = frozenset(users[case.resolves_with or ""] | {case.resolves_with or ""})
            own = frozenset({case.id})
            yield Asked(concerns[0], case.tenant, family - own, own)
            yield Asked(concerns[0], case.tenant, frozenset(), family | own)
    for article in articles[:MOST]:
        family = frozenset(users.get(article.id, set()) | {article.id})
        yield Asked(Concern(text=_thinned(article.title, rng)), article.tenant, family, frozenset())
        yield Asked(Concern(text=article.title), article.tenant, frozenset(), family)
    for text in foreign_questions():
        yield Asked(Concern(text=text), min(tenants), frozenset(), frozenset())


def foreign_questions() -> tuple[str, ...]:
    """Return questions that no support team's knowledge answers."""
    text = (files("suggest.learn") / "foreign.toml").read_text(encoding="utf-8")
    found: list[str] = tomllib.loads(text)["questions"]
    return tuple(found)


def _thinned(title: str, rng: random.Random) -> str:
    parts = morphemes(clean(title))
    return "".join(m.surface if rng.random() < _KEPT else " " for m in parts).strip() or title


def _example(kb: KnowledgeBase, question: Asked, today: date) -> Example | None:
    text = question.concern.text
    found = kb.retrieve(
        text, tenant=question.tenant, top=_DEPTH + len(question.without), per_kind=3, today=today
    )
    found = considered([item for item in found if item.entry.id not in question.without])
    described = features_of(
        question.concern, found, unknown=kb.unknown_share(text), terms=len(set(tokens(text))), today=today
    )
    if not described:
        return None
    return Example(described[0], found[0].entry.id in question.answers)
